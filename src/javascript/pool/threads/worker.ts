import type { ProjectView } from '../../../types.js';
import { bare, memberName } from '../../calls/origin.js';
import type { FileContext } from '../../context.js';
import { folderOf, join } from '../../modules/resolve.js';
import { parseSource, ts } from '../../parse.js';
import { moduleStyleOf, scopesOf } from '../../scope.js';
import { functionOf } from '../fan-outs.js';
import { movedWith } from './moved.js';

/** The task of a worker module, as its own file says it. */
export interface WorkerTask {
  readonly fn: ts.FunctionLikeDeclaration;
  /** What it uses of its module. */
  readonly others: readonly ts.Statement[];
  /** A name for it. */
  readonly name: string;
  /** How the file with the pool names the module. */
  readonly from: string;
  readonly isModule: boolean;
  readonly ctx: FileContext;
}

/** The function that a pool runs: what the file gives that `filename` names. `undefined`: it cannot be seen. */
export function workerAt(
  made: ts.NewExpression | ts.CallExpression,
  ctx: FileContext,
  view: ProjectView,
): WorkerTask | undefined {
  const named = fileOf(made);
  if (named === undefined) return undefined;
  const path = join(folderOf(ctx.path), named);
  const text = path === undefined ? undefined : view.read(path);
  if (path === undefined || text === undefined) return undefined;
  return taskOfText(path, text, named, ctx);
}

/** The same of a text that the file has, or would have. `named`: how the file with the pool says where it is. */
export function taskOfText(path: string, text: string, named: string, ctx: FileContext): WorkerTask | undefined {
  const { file, errors } = parseSource(path, text);
  if (errors.length > 0) return undefined;
  const there: FileContext = { ...ctx, path, text, file, scopes: scopesOf(file), moduleStyle: moduleStyleOf(file) };
  const given = taskIn(file);
  const fn = given && (ts.isFunctionDeclaration(given) ? given : functionOf(given, there));
  if (!given || !fn?.body) return undefined;
  const moved = movedWith(fn, there);
  if ('code' in moved || moved.captured.length > 0) return undefined;
  const own = ts.isIdentifier(given) ? given.text : (fn.name?.getText() ?? 'task');
  const from = named.startsWith('.') ? named : `./${named}`;
  return { fn, others: moved.statements, name: own, from, isModule: there.moduleStyle === 'esm', ctx: there };
}

/** `path.resolve(__dirname, 'w.js')`, `new URL('./w.mjs', import.meta.url).href`, `require.resolve('./w.js')` among the arguments. */
export function fileOf(made: ts.NewExpression | ts.CallExpression): string | undefined {
  const [first] = made.arguments ?? [];
  if (!first) return undefined;
  const inner = bare(first);
  const option = ts.isObjectLiteralExpression(inner)
    ? inner.properties.find((each) => ts.isPropertyAssignment(each) && each.name.getText() === 'filename')
    : undefined;
  const value = ts.isObjectLiteralExpression(inner)
    ? (option as ts.PropertyAssignment | undefined)?.initializer
    : inner;
  const text = value?.getText() ?? '';
  return (
    /^(?:path\.)?(?:resolve|join)\(\s*__dirname\s*,\s*(['"])([^'"]+)\1\s*\)$/.exec(text)?.[2] ??
    /^new URL\(\s*(['"])([^'"]+)\1\s*,\s*import\.meta\.url\s*\)(?:\.(?:href|pathname))?$/.exec(text)?.[2] ??
    /^require\.resolve\(\s*(['"])([^'"]+)\1\s*\)$/.exec(text)?.[2]
  );
}

/** What `module.exports = task`, `export default task` or `workerpool.worker({ task })` gives. */
function taskIn(file: ts.SourceFile): ts.Expression | ts.FunctionDeclaration | undefined {
  for (const statement of file.statements) {
    if (ts.isExportAssignment(statement)) return statement.expression;
    if (ts.isFunctionDeclaration(statement) && /^export default\b/.test(statement.getText())) return statement;
    if (!ts.isExpressionStatement(statement)) continue;
    const { expression } = statement;
    if (ts.isBinaryExpression(expression) && expression.left.getText() === 'module.exports') return expression.right;
    if (ts.isCallExpression(expression) && memberName(expression.expression) === 'worker') return undefined;
  }
  return undefined;
}
