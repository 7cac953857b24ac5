import { parseSource, ts } from '../../src/javascript/parse';

const errors = (path: string, text: string) => parseSource(path, text).errors;

test('parents are set and the text is kept', () => {
  const { file } = parseSource('a.js', '#!/usr/bin/env node\nvar a = 1;\n');
  expect(file.statements[0]!.parent).toBe(file);
  expect(file.text).toContain('#!/usr/bin/env node');
  expect(ts.isVariableStatement(file.statements[0]!)).toBe(true);
});

test('what is tolerated', () => {
  expect(errors('a.js', 'const x = <div>{a}</div>;')).toEqual([]);
  expect(
    errors(
      'a.js',
      '// @flow\nimport type { A } from "./a";\nfunction f(x: ?string, cb: (err: ?Error) => void): Promise<void> {}',
    ),
  ).toEqual([]);
  expect(errors('a.js', 'return 1; with (o) {} var n = 010; var await = 1;')).toEqual([]);
  expect(errors('a.ts', 'const x = <string>y; enum E { A } function f(a: string): a is "b";')).toEqual([]);
  expect(errors('a.tsx', 'const x = <A<string> b="1" />;')).toEqual([]);
  expect(errors('a.mts', 'await f();')).toEqual([]);
  expect(errors('bin/run', '#!/usr/bin/env node\nrequire("x");')).toEqual([]);
});

test('errors have a place', () => {
  expect(errors('a.js', 'var a = 1;\nvar = 2;\n')[0]).toEqual({
    line: 2,
    column: 5,
    message: expect.stringMatching(/expected/),
  });
});
