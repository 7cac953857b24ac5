import { ts } from './parse.js';

/** What a name means at a place of one file. */
export interface Binder {
  /** The symbol that a name has at this place, by its meaning; `undefined` for what the file does not declare. */
  lookUp(text: string, at: ts.Node, meaning: ts.SymbolFlags): ts.Symbol | undefined;
  /** An exported local is one binding with its export. */
  exportOf(symbol: ts.Symbol): ts.Symbol;
}

/**
 * Binds a file: after it, declarations have their symbols and scopes their locals. It is the first step of the compiler's checker and the
 * resolver of names that the checker uses, without the checker and the program around it, which cost as much as parsing the file.
 */
export function bind(file: ts.SourceFile): Binder {
  compiler.bindSourceFile(file, options);
  const resolve = compiler.createNameResolver({
    compilerOptions: options,
    requireSymbol: nowhere,
    argumentsSymbol: nowhere,
    globals: globalsOf(file as BoundFile),
    getSymbolOfDeclaration: (node) => node.symbol,
    error: () => undefined,
    lookup,
  });
  return {
    lookUp: (text, at, meaning) => resolve(at, ts.escapeLeadingUnderscores(text), meaning, undefined, false, false),
    exportOf: (symbol) => (symbol as ts.Symbol & { exportSymbol?: ts.Symbol }).exportSymbol ?? symbol,
  };
}

const options: ts.CompilerOptions = {
  noLib: true,
  noResolve: true,
  allowJs: true,
  checkJs: false,
  alwaysStrict: false, // sloppy scripts hoist functions out of blocks
  target: ts.ScriptTarget.ESNext,
  module: ts.ModuleKind.ESNext,
  moduleDetection: ts.ModuleDetectionKind.Legacy,
  types: [],
};

type Table = Map<ts.__String, ts.Symbol>;
type BoundFile = ts.SourceFile & {
  readonly locals: Table;
  readonly symbol?: ts.Symbol & { readonly globalExports?: Table };
  readonly commonJsModuleIndicator?: unknown;
  readonly externalModuleIndicator?: unknown;
  readonly jsGlobalAugmentations?: Table;
};

type Resolve = (
  at: ts.Node,
  name: ts.__String,
  meaning: ts.SymbolFlags,
  notFound: undefined,
  isUse: boolean,
  withoutGlobals: boolean,
) => ts.Symbol | undefined;

/** Parts of the compiler that its types do not show. */
const compiler = ts as unknown as {
  bindSourceFile(file: ts.SourceFile, options: ts.CompilerOptions): void;
  createNameResolver(host: {
    readonly compilerOptions: ts.CompilerOptions;
    readonly requireSymbol: ts.Symbol;
    readonly argumentsSymbol: ts.Symbol;
    readonly globals: Table;
    getSymbolOfDeclaration(node: ts.Node & { symbol: ts.Symbol }): ts.Symbol;
    error(): void;
    lookup(table: Table, name: ts.__String, meaning: ts.SymbolFlags): ts.Symbol | undefined;
  }): Resolve;
};

/** What `arguments` and `require` mean: something that no text declares. */
const nowhere = { flags: ts.SymbolFlags.None, escapedName: '', declarations: undefined } as unknown as ts.Symbol;

/** What a plain script declares at its top, and what a file adds to the globals. */
function globalsOf(file: BoundFile): Table {
  const isModule = !!(file.externalModuleIndicator ?? file.commonJsModuleIndicator);
  const augmented = globalBlocks(file.statements).map(
    (block) => (block as Declaring).symbol.exports as Table | undefined,
  );
  const tables = [isModule ? undefined : file.locals, file.jsGlobalAugmentations, file.symbol?.globalExports];
  return new Map([...tables, ...augmented].flatMap((table) => [...(table ?? [])]));
}

type Declaring = ts.ModuleDeclaration & { readonly symbol: ts.Symbol };

/** `declare global { … }`, at the top or in `declare module 'x' { … }`. */
function globalBlocks(statements: readonly ts.Statement[]): ts.ModuleDeclaration[] {
  return statements.flatMap((statement) => {
    if (!ts.isModuleDeclaration(statement)) return [];
    if (statement.flags & ts.NodeFlags.GlobalAugmentation) return [statement];
    return statement.body && ts.isModuleBlock(statement.body) ? globalBlocks(statement.body.statements) : [];
  });
}

/** An alias may be anything: every meaning that is asked for has it. */
function lookup(table: Table, name: ts.__String, meaning: ts.SymbolFlags): ts.Symbol | undefined {
  const symbol = table.get(name);
  return symbol && symbol.flags & (meaning | ts.SymbolFlags.Alias) ? symbol : undefined;
}
