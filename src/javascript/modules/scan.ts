import type { ProjectView } from '../../types.js';

/** What a text says of other files, found without parsing it. */
export interface Mention {
  readonly specifier: string;
  /** `import`: it may call what it imports. `dynamic`: a string that makes another module be loaded, replaced or run. */
  readonly kind: 'import' | 'dynamic';
}

const quoted = `['"\`]([^'"\`\\n]{1,200})['"\`]`;
const imports = new RegExp(
  `(?:\\bfrom\\s*|\\bimport\\s*|\\brequire\\s*\\(\\s*|\\bimport\\s*\\(\\s*)(?:/\\*.*?\\*/\\s*)?${quoted}`,
  'g',
);
const relative = /['"`](\.{1,2}\/[^'"`\n${}]{0,200})['"`]/g;

/** Specifiers in a text. Every other string that looks like a relative path counts as dynamic: a mock, a worker, a child process. */
export function mentionsIn(text: string): Mention[] {
  const found = new Map<string, Mention['kind']>();
  for (const match of text.matchAll(imports)) found.set(match[1]!, 'import');
  const loose = text.replace(imports, ' ');
  for (const match of loose.matchAll(relative)) found.set(match[1]!, 'dynamic');
  for (const path of fromDirname(text)) found.set(path, 'dynamic');
  return [...found].map(([specifier, kind]) => ({ specifier, kind }));
}

/** `path.join(__dirname, '..', 'worker.js')`, `__dirname + '/commands'`. */
export function fromDirname(text: string): string[] {
  const joined = text.matchAll(/\b__dirname\s*((?:[,+]\s*(?:'[^'\n]*'|"[^"\n]*")\s*)+)/g);
  return [...joined].map(
    ([, parts]) => `./${[...parts!.matchAll(/'([^']*)'|"([^"]*)"/g)].map(([, a, b]) => a ?? b).join('/')}`,
  );
}

/** `require(…)` or `import(…)` of something that is no plain string: `require('./commands/' + name)`, `require(path.join(dir, file))`. Gives what stands in front, `''` for nothing. */
export function loadsByName(text: string): string[] {
  const found: string[] = [];
  for (const match of text.matchAll(/\b(?:require(?:\.resolve)?|import)\s*\(\s*([^)\n]*)/g)) {
    const argument = match[1]!.trim();
    if (argument === '' || /^(['"])[^'"]*\1\s*(,.*)?$/.test(argument) || /^`[^`$]*`\s*$/.test(argument)) continue;
    found.push(/^(['"`])(\.{0,2}\/[^'"`$]*)/.exec(argument)?.[2] ?? '');
  }
  return found;
}

const replaces = [
  /\b(?:stub|spyOn|spy|replace|mock|method)\(\s*(\w+)\s*,\s*['"](\w+)['"]/g,
  /(?:^|[\s;{(])(\w+)\.(\w+)\s*=(?!=|>)/gm,
];

/**
 * Functions of Node's modules that some text of the project replaces, as tests do: `sinon.stub(fs, 'readFile')`, `fs.stat = fake`,
 * `proxyquire('./x', { fs: … })`. A whole module that is replaced is `fs.*`.
 */
export function patchedMembers(texts: Iterable<string>): ReadonlySet<string> {
  const found = new Set<string>();
  for (const text of texts) {
    if (/\bgracefulify\b|\bpatchFs\b|['"]fs-monkey['"]/.test(text)) found.add('fs.*');
    for (const [, module] of text.matchAll(/\b(?:stub|spy|mock)\(\s*(fs|dns|zlib|crypto)\s*\)/g))
      found.add(`${module}.*`);
    if (
      !/\b(stub|spyOn|spy|mock|proxyquire|rewire|mockery|replace)\b|\b(fs|dns|child_process|zlib)\.\w+\s*=/.test(text)
    )
      continue;
    for (const pattern of replaces)
      for (const [, object, member] of text.matchAll(pattern)) found.add(`${moduleName(object!)}.${member}`);
    for (const [, module] of text.matchAll(
      /\b(?:mock|registerMock|unstable_mockModule|doMock)\(\s*['"](?:node:)?(\w+)['"]/g,
    ))
      found.add(`${module}.*`);
    if (!/\b(proxyquire|rewire|mockery)\b/.test(text)) continue;
    for (const [, module] of text.matchAll(/['"]?\b(?:node:)?(fs|dns|child_process|zlib|crypto|stream)['"]?\s*:/g))
      found.add(`${module}.*`);
  }
  return found;
}

function moduleName(variable: string): string {
  return variable === 'cp' || variable === 'childProcess' ? 'child_process' : variable;
}

/** The texts of a view's other files; files that cannot be read are left out. */
export function* textsOf(view: ProjectView): Iterable<[path: string, text: string]> {
  for (const path of view.others) {
    const text = view.read(path);
    if (text !== undefined) yield [path, text];
  }
}
