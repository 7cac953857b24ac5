import * as path from 'node:path';
import type { Project } from 'ts-morph';
import type { ProjectView, Range, SourceText, Warning } from '../types.js';
import { ts } from './parse.js';

/**
 * What the compiler says of a value. `native`: the language's promise; `other-thenable`: something else with a `then`; `plain`: nothing
 * that `await` would wait for; `unknown`: it can't say, or it is one or the other.
 */
export type PromiseKind = 'native' | 'bluebird' | 'other-thenable' | 'plain' | 'unknown';

/** The questions of one file. */
export interface FileTypes {
  /** What the expression with exactly this range is. */
  promiseKind(range: Range): PromiseKind;
}

/** The types of a project's files, as far as a tsconfig.json above them covers them. Only asked for with `--types`. */
export interface Types {
  /** The answer is `unknown` for a file without a configuration, one that the compiler doesn't check, or one with another text on disk. */
  promiseKind(source: SourceText, range: Range): PromiseKind;
  /** The files have these texts from here on: questions are about them. */
  follow(files: readonly SourceText[]): void;
  /** Why a configuration was not used. */
  readonly warnings: readonly Warning[];
}

/** A tsconfig.json that is whole. Its program is built at the first question. */
interface Setup {
  readonly config: string;
  readonly files: ReadonlySet<string>;
  readonly references: readonly string[];
  project(): Project;
}

/** Nothing is read and ts-morph is not loaded before the first question. A set-up that fails costs its types and a warning, never the run. */
export function typesFor(view: ProjectView, files: readonly SourceText[]): Types {
  const texts = new Map(files.map((file) => [file.path, file.text]));
  const warnings: Warning[] = [];
  const setups = setupsOf(view, (config, message) => warnings.push({ path: relative(view.root, config), message }));
  return {
    get warnings() {
      const idle = setups.idle() && warnings.length === 0;
      return idle ? [{ path: '.', message: 'types are not used: no tsconfig.json covers these files' }] : warnings;
    },
    promiseKind: (source, range) =>
      setups.ask(source.path, (setup, name) => {
        const program = programOf(setup);
        const file = program.getSourceFile(name);
        if (!file || file.text !== source.text || !isChecked(file, program)) return undefined;
        const node = expressionAt(file, range);
        return node && kindOfExpression(node, program);
      }) ?? 'unknown',
    follow: (changed) =>
      changed.forEach(({ path: name, text }) => {
        if (texts.get(name) === text) return;
        setups.ask(name, (setup, file) => {
          // A text that was not the one on disk is none that we may speak about, changed or not.
          if (programOf(setup).getSourceFile(file)?.text !== texts.get(name)) return;
          setup.project().createSourceFile(file, text, { overwrite: true });
        });
        texts.set(name, text);
      }),
  };
}

/** A repository of many packages may have one configuration: it is built once. */
const ofRun = new WeakMap<object, Map<string, Setup | undefined>>();

interface Setups {
  /** Asks the set-up that the file belongs to; `undefined` when there is none, or when it fails. */
  ask<T>(name: string, question: (setup: Setup, file: string) => T): T | undefined;
  /** There were questions, and no set-up for any of them. */
  idle(): boolean;
}

function setupsOf(view: ProjectView, warn: (config: string, message: string) => void): Setups {
  const known = (view.run && ofRun.get(view.run)) ?? new Map<string, Setup | undefined>();
  if (view.run) ofRun.set(view.run, known);
  const owners = new Map<string, Setup | undefined>();
  const giveUp = (config: string, reason: string): undefined => {
    known.set(config, undefined);
    warn(config, `types are not used: ${reason}`);
  };
  const attempt = <T>(config: string, ask: () => T): T | undefined => {
    try {
      return ask();
    } catch (error) {
      return giveUp(config, oneLine(error instanceof Error ? error.message : String(error)));
    }
  };
  const setupOf = (config: string): Setup | undefined => {
    if (!known.has(config)) {
      const read = attempt(config, () => readConfig(config));
      if (typeof read === 'string') giveUp(config, read);
      else known.set(config, read);
    }
    return known.get(config);
  };
  const covers = (setup: Setup | undefined, file: string): boolean => {
    if (!setup || setup.files.size === 0) return false;
    return setup.files.has(file) || !!attempt(setup.config, () => programOf(setup).getSourceFile(file));
  };
  const search = (name: string, file: string): Setup | undefined => {
    for (const config of configsAbove(name, view)) {
      const first = setupOf(config);
      const all = [first, ...(first?.references ?? []).map(setupOf)];
      const found = all.find((setup) => covers(setup, file));
      if (found) return found;
    }
    return undefined;
  };
  return {
    // A failure has been told already, perhaps by another project of the run.
    idle: () => owners.size > 0 && ![...known.values()].includes(undefined) && ![...owners.values()].some(Boolean),
    ask(name, question) {
      const file = absolute(view.root, name);
      if (!owners.has(file)) owners.set(file, search(name, file));
      const setup = owners.get(file);
      // It may have failed since it was found.
      if (!setup || !known.get(setup.config)) return undefined;
      return attempt(setup.config, () => question(setup, file));
    },
  };
}

const absolute = (root: string, file: string): string => path.resolve(root, file).split(path.sep).join('/');
const relative = (root: string, file: string): string => path.relative(root, file).split(path.sep).join('/');
const oneLine = (text: string): string => text.split('\n', 1)[0]!;

/** The configurations above a file, the nearest first: those that the rest of the run may see too. */
function configsAbove(file: string, view: ProjectView): string[] {
  const found: string[] = [];
  let folder = path.posix.dirname(file);
  for (;;) {
    const config = path.posix.join(folder, 'tsconfig.json');
    if (view.read(config) !== undefined) found.push(absolute(view.root, config));
    const above = path.posix.join(folder, '..');
    if (path.resolve(view.root, above) === path.resolve(view.root, folder)) return found;
    folder = above;
  }
}

/** What a configuration says, or in one sentence what is wrong with it. */
function readConfig(config: string): Setup | string {
  let wrong: ts.Diagnostic | undefined;
  const read = ts.getParsedCommandLineOfConfigFile(
    config,
    {},
    { ...ts.sys, onUnRecoverableConfigFileDiagnostic: (diagnostic) => void (wrong ??= diagnostic) },
  );
  // Nothing to compile is no mistake: such a file may only hold references.
  const broken = (read?.options.configFile as { parseDiagnostics?: ts.Diagnostic[] } | undefined)?.parseDiagnostics;
  wrong ??= [...(broken ?? []), ...(read?.errors ?? [])].find(
    ({ code, category }) => category === ts.DiagnosticCategory.Error && !noInput.has(code),
  );
  if (wrong) return oneLine(ts.flattenDiagnosticMessageText(wrong.messageText, ' '));
  if (!read) return 'it could not be read';
  const missing = read.fileNames.find((file) => !ts.sys.fileExists(file));
  if (missing) return `file '${relative(path.dirname(config), missing)}' not found.`;
  let project: Project | undefined;
  return {
    config,
    files: new Set(read.fileNames),
    references: (read.projectReferences ?? []).map((each) => configOf(each.path)),
    project: () => (project ??= projectOf(config, read.options)),
  };
}

const noInput = new Set([18002, 18003]);

const configOf = (reference: string): string =>
  reference.endsWith('.json') ? reference : path.posix.join(reference, 'tsconfig.json');

function projectOf(config: string, options: ts.CompilerOptions): Project {
  const morph = require('ts-morph') as typeof import('ts-morph');
  return new morph.Project({
    tsConfigFilePath: config,
    skipAddingFilesFromTsConfig: false,
    // TypeScript 6 takes no `@types` package unless it is named; those that projects were written for took all.
    compilerOptions: { noEmit: true, skipLibCheck: true, ...(!options.types && { types: ['*'] }) },
  });
}

const programOf = (setup: Setup): ts.Program => setup.project().getProgram().compilerObject as unknown as ts.Program;

/** Types that nobody checks are no proof: JavaScript counts with `checkJs` only, and no file that opts out. */
function isChecked(file: ts.SourceFile, program: ts.Program): boolean {
  if (file.isDeclarationFile || program.isSourceFileFromExternalLibrary(file)) return false;
  const own = (file as ts.SourceFile & { checkJsDirective?: { enabled: boolean } }).checkJsDirective?.enabled;
  return own ?? (/\.[cm]?tsx?$/.test(file.fileName) || !!program.getCompilerOptions().checkJs);
}

function expressionAt(file: ts.SourceFile, range: Range): ts.Expression | undefined {
  const visit = (node: ts.Node): ts.Expression | undefined => {
    if (node.pos > range.start || node.end < range.end) return undefined;
    if (node.end === range.end && ts.isExpression(node) && node.getStart(file) === range.start) return node;
    return ts.forEachChild(node, visit);
  };
  return visit(file);
}

function kindOfExpression(node: ts.Expression, program: ts.Program): PromiseKind {
  const checker = program.getTypeChecker();
  const type = checker.getTypeAtLocation(node);
  if (type.flags & ts.TypeFlags.Void) return givesNothing(node, checker) ? 'plain' : 'unknown';
  return kindOfType(type, program);
}

/** Where `void` is asked for, an async function may be given: it is nothing only when the very function is seen. */
function givesNothing(node: ts.Expression, checker: ts.TypeChecker): boolean {
  const called = ts.isCallExpression(node) ? checker.getResolvedSignature(node)?.declaration : undefined;
  return !!called && ts.isFunctionDeclaration(called) && !!called.body;
}

const { TypeFlags } = ts;
const nullish = TypeFlags.Null | TypeFlags.Undefined;
const primitive =
  nullish |
  TypeFlags.StringLike |
  TypeFlags.NumberLike |
  TypeFlags.BigIntLike |
  TypeFlags.BooleanLike |
  TypeFlags.ESSymbolLike |
  TypeFlags.EnumLike;

function kindOfType(type: ts.Type, program: ts.Program): PromiseKind {
  if (type.isUnion()) {
    const some = type.types.filter((each) => !(each.flags & nullish));
    return together(some.map((each) => kindOfType(each, program)));
  }
  if (type.flags & primitive) return 'plain';
  const checker = program.getTypeChecker();
  if (type.flags & TypeFlags.Instantiable) {
    // What a parameter stands for may have more members than its bound; a primitive can't.
    const bound = checker.getBaseConstraintOfType(type);
    return bound && isPrimitive(bound) ? 'plain' : 'unknown';
  }
  if (type.isIntersection() && type.types.some((each) => each.flags & primitive)) return 'plain';
  if (!(type.flags & (TypeFlags.Object | TypeFlags.Intersection))) return 'unknown';
  return kindOfObject(type, program);
}

function isPrimitive(type: ts.Type): boolean {
  return type.isUnion() ? type.types.every(isPrimitive) : !!(type.flags & primitive);
}

/** A union's kind. A promise or a plain value, whichever it is at the time, is neither. */
function together(kinds: readonly PromiseKind[]): PromiseKind {
  const odd = (['other-thenable', 'bluebird', 'unknown'] as const).find((kind) => kinds.includes(kind));
  if (odd) return odd;
  if (kinds.every((kind) => kind === 'plain')) return 'plain';
  return kinds.every((kind) => kind === 'native') ? 'native' : 'unknown';
}

function kindOfObject(type: ts.Type, program: ts.Program): PromiseKind {
  const checker = program.getTypeChecker();
  // A package may have given promises more methods: what has them is no proof, and nothing against it.
  if (isPromise(type, program))
    return type.symbol.declarations!.every((each) => isOfLibrary(each, program)) ? 'native' : 'unknown';
  if (inherits(type, isBluebird)) return 'bluebird';
  const then = checker.getPropertyOfType(type, 'then');
  if (!then) return isOpen(type, program) ? 'unknown' : 'plain';
  if (!mayBeCalled(checker.getTypeOfSymbol(then))) return 'plain';
  // A kind of promise, such as one that is sent late, is neither too.
  return inherits(type, (each) => isPromise(each, program)) ? 'unknown' : 'other-thenable';
}

/** The language's own `Promise` or `PromiseLike`. */
function isPromise(type: ts.Type, program: ts.Program): boolean {
  return isGlobal(type, program, 'Promise') || isGlobal(type, program, 'PromiseLike');
}

function isGlobal({ symbol }: ts.Type, program: ts.Program, name: string): boolean {
  return symbol?.name === name && !!symbol.declarations?.some((each) => isOfLibrary(each, program));
}

function isOfLibrary(declaration: ts.Declaration, program: ts.Program): boolean {
  return program.isSourceFileDefaultLibrary(declaration.getSourceFile());
}

function isBluebird({ symbol }: ts.Type): boolean {
  const file = symbol?.name === 'Bluebird' ? symbol.declarations?.[0]?.getSourceFile().fileName : undefined;
  return !!file && /\/bluebird\//.test(file);
}

/** True for the type, one it extends, or one of those it joins. */
function inherits(type: ts.Type, test: (type: ts.Type) => boolean): boolean {
  if (test(type)) return true;
  if (type.isIntersection()) return type.types.some((each) => inherits(each, test));
  const declared = (type as ts.TypeReference).target ?? type;
  return !!declared.getBaseTypes()?.some((each) => inherits(each, test));
}

function mayBeCalled(type: ts.Type): boolean {
  if (type.isUnion()) return type.types.some(mayBeCalled);
  return !!(type.flags & (TypeFlags.Any | TypeFlags.Unknown)) || type.getCallSignatures().length > 0;
}

/** A type that promises fit into as well: `{}`, `Object`, `Record<string, any>`. */
function isOpen(type: ts.Type, program: ts.Program): boolean {
  if (type.getStringIndexType()) return true;
  if (isGlobal(type, program, 'Object')) return true;
  const calls = type.getCallSignatures().length + type.getConstructSignatures().length;
  return calls === 0 && type.getProperties().length === 0;
}
