/**
 * The syntax tree of a Python file: the shape of CPython's `ast`, with offsets instead of lines and columns. `start` and `end` are
 * UTF-16 indices into the text; parentheses around an expression are not part of it.
 */
interface Base {
  readonly start: number;
  readonly end: number;
}

export interface Module extends Base {
  readonly nodeType: 'Module';
  readonly body: readonly Stmt[];
}

export interface FunctionDef extends Base {
  readonly nodeType: 'FunctionDef' | 'AsyncFunctionDef';
  readonly name: string;
  readonly args: Arguments;
  readonly body: readonly Stmt[];
  readonly decorator_list: readonly Expr[];
  readonly returns?: Expr;
  readonly type_params: readonly TypeParam[];
}
export interface ClassDef extends Base {
  readonly nodeType: 'ClassDef';
  readonly name: string;
  readonly bases: readonly Expr[];
  readonly keywords: readonly Keyword[];
  readonly body: readonly Stmt[];
  readonly decorator_list: readonly Expr[];
  readonly type_params: readonly TypeParam[];
}
export interface Return extends Base {
  readonly nodeType: 'Return';
  readonly value?: Expr;
}
export interface Delete extends Base {
  readonly nodeType: 'Delete';
  readonly targets: readonly Expr[];
}
export interface Assign extends Base {
  readonly nodeType: 'Assign';
  readonly targets: readonly Expr[];
  readonly value: Expr;
}
export interface TypeAlias extends Base {
  readonly nodeType: 'TypeAlias';
  readonly name: Expr;
  readonly type_params: readonly TypeParam[];
  readonly value: Expr;
}
export interface AugAssign extends Base {
  readonly nodeType: 'AugAssign';
  readonly target: Expr;
  readonly value: Expr;
}
export interface AnnAssign extends Base {
  readonly nodeType: 'AnnAssign';
  readonly target: Expr;
  readonly annotation: Expr;
  readonly value?: Expr;
  readonly simple: number;
}
export interface For extends Base {
  readonly nodeType: 'For' | 'AsyncFor';
  readonly target: Expr;
  readonly iter: Expr;
  readonly body: readonly Stmt[];
  readonly orelse: readonly Stmt[];
}
export interface While extends Base {
  readonly nodeType: 'While';
  readonly test: Expr;
  readonly body: readonly Stmt[];
  readonly orelse: readonly Stmt[];
}
export interface If extends Base {
  readonly nodeType: 'If';
  readonly test: Expr;
  readonly body: readonly Stmt[];
  readonly orelse: readonly Stmt[];
}
export interface With extends Base {
  readonly nodeType: 'With' | 'AsyncWith';
  readonly items: readonly WithItem[];
  readonly body: readonly Stmt[];
}
export interface Match extends Base {
  readonly nodeType: 'Match';
  readonly subject: Expr;
  readonly cases: readonly MatchCase[];
}
export interface Raise extends Base {
  readonly nodeType: 'Raise';
  readonly exc?: Expr;
  readonly cause?: Expr;
}
export interface Try extends Base {
  readonly nodeType: 'Try' | 'TryStar';
  readonly body: readonly Stmt[];
  readonly handlers: readonly ExceptHandler[];
  readonly orelse: readonly Stmt[];
  readonly finalbody: readonly Stmt[];
}
export interface Assert extends Base {
  readonly nodeType: 'Assert';
  readonly test: Expr;
  readonly msg?: Expr;
}
export interface Import extends Base {
  readonly nodeType: 'Import';
  readonly names: readonly Alias[];
}
export interface ImportFrom extends Base {
  readonly nodeType: 'ImportFrom';
  readonly module?: string;
  readonly names: readonly Alias[];
  readonly level?: number;
}
export interface Scoping extends Base {
  readonly nodeType: 'Global' | 'Nonlocal';
  readonly names: readonly string[];
}
export interface ExprStmt extends Base {
  readonly nodeType: 'Expr';
  readonly value: Expr;
}
export interface Simple extends Base {
  readonly nodeType: 'Pass' | 'Break' | 'Continue';
}

export type Stmt =
  | FunctionDef
  | ClassDef
  | Return
  | Delete
  | Assign
  | TypeAlias
  | AugAssign
  | AnnAssign
  | For
  | While
  | If
  | With
  | Match
  | Raise
  | Try
  | Assert
  | Import
  | ImportFrom
  | Scoping
  | ExprStmt
  | Simple;

export interface Name extends Base {
  readonly nodeType: 'Name';
  readonly id: string;
  readonly ctx: { readonly nodeType: 'Load' | 'Store' | 'Del' };
}
export interface Attribute extends Base {
  readonly nodeType: 'Attribute';
  readonly value: Expr;
  readonly attr: string;
  readonly ctx: { readonly nodeType: 'Load' | 'Store' | 'Del' };
}
export interface Subscript extends Base {
  readonly nodeType: 'Subscript';
  readonly value: Expr;
  readonly slice: Expr;
  readonly ctx: { readonly nodeType: 'Load' | 'Store' | 'Del' };
}
export interface Call extends Base {
  readonly nodeType: 'Call';
  readonly func: Expr;
  readonly args: readonly Expr[];
  readonly keywords: readonly Keyword[];
}
export interface Await extends Base {
  readonly nodeType: 'Await';
  readonly value: Expr;
}
export interface Yield extends Base {
  readonly nodeType: 'Yield';
  readonly value?: Expr;
}
export interface YieldFrom extends Base {
  readonly nodeType: 'YieldFrom';
  readonly value: Expr;
}
export interface Lambda extends Base {
  readonly nodeType: 'Lambda';
  readonly args: Arguments;
  readonly body: Expr;
}
export interface Comp extends Base {
  readonly nodeType: 'ListComp' | 'SetComp' | 'GeneratorExp';
  readonly elt: Expr;
  readonly generators: readonly Comprehension[];
}
export interface DictComp extends Base {
  readonly nodeType: 'DictComp';
  readonly key: Expr;
  readonly value: Expr;
  readonly generators: readonly Comprehension[];
}
export interface Constant extends Base {
  readonly nodeType: 'Constant';
  readonly value: unknown;
  readonly kind?: string;
}
export interface Sequence extends Base {
  readonly nodeType: 'List' | 'Tuple' | 'Set';
  readonly elts: readonly Expr[];
}
export interface Starred extends Base {
  readonly nodeType: 'Starred';
  readonly value: Expr;
}
export interface NamedExpr extends Base {
  readonly nodeType: 'NamedExpr';
  readonly target: Expr;
  readonly value: Expr;
}
export interface BinOp extends Base {
  readonly nodeType: 'BinOp';
  readonly left: Expr;
  readonly op: { readonly nodeType: string };
  readonly right: Expr;
}
export interface BoolOp extends Base {
  readonly nodeType: 'BoolOp';
  readonly op: { readonly nodeType: string };
  readonly values: readonly Expr[];
}
export interface UnaryOp extends Base {
  readonly nodeType: 'UnaryOp';
  readonly op: { readonly nodeType: string };
  readonly operand: Expr;
}
export interface Compare extends Base {
  readonly nodeType: 'Compare';
  readonly left: Expr;
  readonly ops: readonly { readonly nodeType: string }[];
  readonly comparators: readonly Expr[];
}
export interface IfExp extends Base {
  readonly nodeType: 'IfExp';
  readonly test: Expr;
  readonly body: Expr;
  readonly orelse: Expr;
}
export interface Dict extends Base {
  readonly nodeType: 'Dict';
  readonly keys: readonly (Expr | null)[];
  readonly values: readonly Expr[];
}
export interface JoinedStr extends Base {
  readonly nodeType: 'JoinedStr' | 'TemplateStr';
  readonly values: readonly Expr[];
}
export interface FormattedValue extends Base {
  readonly nodeType: 'FormattedValue' | 'Interpolation';
  readonly value: Expr;
  readonly format_spec?: Expr;
}
export interface Slice extends Base {
  readonly nodeType: 'Slice';
  readonly lower?: Expr;
  readonly upper?: Expr;
  readonly step?: Expr;
}

export type Expr =
  | Name
  | Attribute
  | Subscript
  | Call
  | Await
  | Yield
  | YieldFrom
  | Lambda
  | Comp
  | DictComp
  | Constant
  | Sequence
  | Starred
  | NamedExpr
  | BinOp
  | BoolOp
  | UnaryOp
  | Compare
  | IfExp
  | Dict
  | JoinedStr
  | FormattedValue
  | Slice;

export interface Comprehension extends Base {
  readonly nodeType: 'Comprehension';
  readonly target: Expr;
  readonly iter: Expr;
  readonly ifs: readonly Expr[];
  readonly is_async: number;
}
export interface ExceptHandler extends Base {
  readonly nodeType: 'ExceptHandler';
  readonly type?: Expr;
  readonly name?: string;
  readonly body: readonly Stmt[];
}
export interface Arguments extends Base {
  readonly nodeType: 'Arguments';
  readonly posonlyargs: readonly Arg[];
  readonly args: readonly Arg[];
  readonly vararg?: Arg;
  readonly kwonlyargs: readonly Arg[];
  readonly kw_defaults: readonly (Expr | null)[];
  readonly kwarg?: Arg;
  readonly defaults: readonly Expr[];
}
export interface Arg extends Base {
  readonly nodeType: 'Arg';
  readonly arg: string;
  readonly annotation?: Expr;
}
export interface Keyword extends Base {
  readonly nodeType: 'Keyword';
  readonly arg?: string;
  readonly value: Expr;
}
export interface Alias extends Base {
  readonly nodeType: 'Alias';
  readonly name: string;
  readonly asname?: string;
}
export interface WithItem extends Base {
  readonly nodeType: 'WithItem';
  readonly context_expr: Expr;
  readonly optional_vars?: Expr;
}
export interface MatchCase extends Base {
  readonly nodeType: 'MatchCase';
  readonly pattern: Pattern;
  readonly guard?: Expr;
  readonly body: readonly Stmt[];
}
export interface Pattern extends Base {
  readonly nodeType:
    | 'MatchValue'
    | 'MatchSingleton'
    | 'MatchSequence'
    | 'MatchMapping'
    | 'MatchClass'
    | 'MatchStar'
    | 'MatchAs'
    | 'MatchOr';
  readonly name?: string;
  readonly rest?: string;
}
export interface TypeParam extends Base {
  readonly nodeType: 'TypeVar' | 'ParamSpec' | 'TypeVarTuple';
  readonly name: string;
  readonly bound?: Expr;
  readonly default_value?: Expr;
}

export type Node =
  | Module
  | Stmt
  | Expr
  | Comprehension
  | ExceptHandler
  | Arguments
  | Arg
  | Keyword
  | Alias
  | WithItem
  | MatchCase
  | Pattern
  | TypeParam;
