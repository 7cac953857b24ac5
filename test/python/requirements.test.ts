/** The lists of dependencies that a project has are edited in the change group that needs it. */

import { convertProject } from '../../src/transforms/index.js';
import { applyEdits } from '../../src/edits/edits.js';
import type { ProjectView } from '../../src/types.js';

const ASYNC = `import asyncio
import aiohttp


async def load(number):
    async with aiohttp.ClientSession() as session:
        async with session.get(f"https://www.example.com/{number}") as response:
            return response.status


async def main():
    print(await asyncio.gather(*(load(number) for number in range(3))))


asyncio.run(main())
`;

/** What becomes of the files beside the program when it is converted to thread pools. */
function listed(others: Record<string, string>, programs = ['main.py']): Record<string, string> {
  const python = Object.keys(others).filter((name) => name.endsWith('.py'));
  const view: ProjectView = { root: '/project', read: (name) => others[name], others: python };
  const files = programs.map((path) => ({ path, text: ASYNC }));
  const { groups } = convertProject(files, { from: 'async', to: 'pool' }, view);
  expect(groups).toHaveLength(programs.length);
  const edits = groups.flatMap((group) => group.edits).filter((edit) => edit.path in others);
  const once = edits.filter((edit, at) => edits.findIndex((other) => other.path === edit.path) === at);
  return Object.fromEntries(once.map(({ path, ...edit }) => [path, applyEdits(others[path]!, [edit])]));
}

test.each([
  ['a pin', '# ours\nattrs==1\naiohttp==3.9.1\n', '# ours\nattrs==1\nrequests\n'],
  ['an extra, a marker, no end of line', 'aiohttp[speedups]>=3 ; python_version > "3.8"', 'requests'],
  ['CRLF', 'aiohttp\r\nattrs\r\n', 'requests\r\nattrs\r\n'],
  ['another case', 'AioHTTP~=3.9\n', 'requests\n'],
  ['something that goes with it', 'aiohttp\npytest-aiohttp\n', 'aiohttp\nrequests\npytest-aiohttp\n'],
])('requirements.txt with %s', (_name, before, after) => {
  expect(listed({ 'requirements.txt': before })).toEqual({ 'requirements.txt': after });
});

test.each([
  ['it is there already', 'aiohttp\nrequests\n'],
  ['the old one is not listed', 'attrs\n'],
  ['a longer name', 'aiohttp-retry\naiohttp_cors\n'],
  ['a tool made it, with hashes', 'aiohttp==3.9.1 \\\n    --hash=sha256:00\n'],
])('requirements.txt stays where %s', (_name, text) => {
  expect(listed({ 'requirements.txt': text })).toEqual({});
});

test('the old one stays while another file imports it', () => {
  const other = { 'requirements.txt': 'aiohttp>=3\n', 'server.py': 'from aiohttp import web\n' };
  expect(listed(other)).toEqual({ 'requirements.txt': 'aiohttp>=3\nrequests\n' });
  expect(listed({ 'requirements.txt': 'aiohttp>=3\n' }, ['a.py', 'b.py'])).toEqual({
    'requirements.txt': 'aiohttp>=3\nrequests\n',
  });
});

test('the nearest list counts', () => {
  const lists = { 'requirements.txt': 'aiohttp\n', 'app/requirements.txt': 'aiohttp\n' };
  expect(listed(lists, ['app/main.py'])).toEqual({ 'app/requirements.txt': 'requests\n' });
  expect(listed(lists, ['tools/main.py'])).toEqual({ 'requirements.txt': 'requests\n' });
});

test('pyproject.toml: [project] in many lines and in one, poetry; other tables stay', () => {
  const lines = (items: string) =>
    `[project]\nname = "x"\ndependencies = [\n${items}]\n\n[tool.x]\ndependencies = ["aiohttp"]\n`;
  const many = lines('    "attrs[a]>=1", # "aiohttp"\n    "aiohttp>=3",  # why\n');
  expect(listed({ 'pyproject.toml': many })).toEqual({
    'pyproject.toml': lines('    "attrs[a]>=1", # "aiohttp"\n    "requests",  # why\n'),
  });
  const server = { 'server.py': 'import aiohttp\n' };
  expect(listed({ 'pyproject.toml': many, ...server })).toEqual({
    'pyproject.toml': lines('    "attrs[a]>=1", # "aiohttp"\n    "aiohttp>=3",\n    "requests",  # why\n'),
  });
  const one = "[project]\ndependencies = ['aiohttp', 'attrs']\n";
  expect(listed({ 'pyproject.toml': one, ...server })).toEqual({
    'pyproject.toml': "[project]\ndependencies = ['aiohttp', 'requests', 'attrs']\n",
  });
  const poetry = '[tool.poetry.dependencies]\npython = "^3.9"\naiohttp = { version = "^3.9", extras = ["speedups"] }\n';
  expect(listed({ 'pyproject.toml': poetry })).toEqual({
    'pyproject.toml': '[tool.poetry.dependencies]\npython = "^3.9"\nrequests = "*"\n',
  });
});
