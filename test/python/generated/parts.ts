/** What generated Python programs are made of: the same statements, said with threads or with asyncio. */

import type { Choices } from '../../generated/choices.js';

export type Said = 'pool' | 'async' | 'callback';

/** Lines of a block, relative to it. */
export type Lines = readonly string[];

export interface Scope {
  /** Names that hold numbers here. */
  readonly numbers: readonly string[];
  /** Functions that may be called: those above. */
  readonly functions: readonly string[];
  /** In a loop: `break` and `continue` are possible. */
  readonly inLoop: boolean;
  readonly depth: number;
}

const INDENT = '    ';

export function indented(lines: Lines): string[] {
  return lines.map((line) => (line === '' ? '' : INDENT + line));
}

/** Makes the statements of one program. */
export class Parts {
  private names = 0;
  private comments = 0;

  constructor(
    readonly choices: Choices,
    readonly style: Said,
  ) {}

  name(prefix = 'v'): string {
    return `${prefix}${++this.names}`;
  }

  /** Statements, and one at least. */
  block(scope: Scope, most: number): string[] {
    const lines: string[] = [];
    let now = scope;
    const count = 1 + this.choices.below(most);
    for (let index = 0; index < count; index++) {
      const { lines: more, numbers } = this.statement(now);
      lines.push(...this.comment(), ...more);
      now = { ...now, numbers: [...now.numbers, ...numbers] };
    }
    return lines;
  }

  /** A body that begins with a request, since what comes first among threads is left to chance, and ends with an answer. */
  body(scope: Scope, most: number): string[] {
    const first = this.wait(scope);
    const numbers = [...first.numbers];
    const lines = [...first.lines];
    for (let index = 0; index <= this.choices.below(most); index++) {
      const made = this.statement({ ...scope, numbers: [...scope.numbers, ...numbers] });
      lines.push(...this.comment(), ...made.lines);
      numbers.push(...made.numbers);
    }
    return [...lines, `return ${this.number({ ...scope, numbers: [...scope.numbers, ...numbers] })}`];
  }

  private statement(scope: Scope): { lines: string[]; numbers: string[] } {
    const deep = scope.depth < 2 && this.choices.more;
    const kind = this.choices.below(deep ? 12 : 6);
    if (kind === 0 || kind === 1) return this.wait(scope);
    if (kind === 2) return this.plain(scope);
    if (kind === 3) return { lines: [`print("${this.name('p')}", ${this.number(scope)})`], numbers: [] };
    if (kind === 4) return this.call(scope);
    if (kind === 5) return this.leave(scope);
    return { lines: this.compound(scope, kind), numbers: [] };
  }

  private compound(scope: Scope, kind: number): string[] {
    const inner = { ...scope, depth: scope.depth + 1 };
    if (kind === 6 || kind === 7) return this.branch(inner);
    if (kind === 8) return this.loop(inner);
    if (kind === 9) return this.whileLoop(inner);
    return this.guard(inner);
  }

  private branch(scope: Scope): string[] {
    const lines = [`if ${this.number(scope)} % ${2 + this.choices.below(3)} == 0:`, ...indented(this.block(scope, 2))];
    if (this.choices.chance(30))
      lines.push(`elif ${this.number(scope)} > ${this.choices.below(900)}:`, ...indented(this.block(scope, 2)));
    return this.choices.chance(40) ? [...lines, 'else:', ...indented(this.block(scope, 2))] : lines;
  }

  private loop(scope: Scope): string[] {
    const item = this.name('i');
    const inner = { ...scope, inLoop: true, numbers: [...scope.numbers, item] };
    const over = this.choices.of(`range(${1 + this.choices.below(3)})`, '(3, 5)', `[${this.number(scope)}, 1]`);
    return [`for ${item} in ${over}:`, ...indented(this.block(inner, 3))];
  }

  private whileLoop(scope: Scope): string[] {
    const left = this.name('n');
    const body = this.block({ ...scope, inLoop: true }, 2);
    return [`${left} = ${1 + this.choices.below(2)}`, `while ${left} > 0:`, ...indented([`${left} -= 1`, ...body])];
  }

  private guard(scope: Scope): string[] {
    const inner = this.block({ ...scope, inLoop: false }, 2);
    const caught = this.choices.of(this.httpErrors(), 'Exception', 'ValueError');
    const bind = this.choices.chance(30);
    const handler = bind
      ? [`print("caught", ${this.choices.of('str(error)', '"it"')})`]
      : [`print("${this.name('c')}")`];
    const again = this.choices.chance(20) ? [...handler, 'raise'] : handler;
    const lines = ['try:', ...indented(inner), `except ${caught}${bind ? ' as error' : ''}:`, ...indented(again)];
    if (this.choices.chance(20)) lines.push('else:', ...indented(this.block({ ...scope, inLoop: false }, 1)));
    return this.choices.chance(25) ? [...lines, 'finally:', `${INDENT}print("${this.name('f')}")`] : lines;
  }

  httpErrors(): string {
    return this.style !== 'async' ? 'requests.RequestException' : 'aiohttp.ClientError';
  }

  private plain(scope: Scope): { lines: string[]; numbers: string[] } {
    const name = this.name();
    return {
      lines: [`${name} = ${this.number(scope)} ${this.choices.of('+', '-', '*')} ${this.choices.below(9)}`],
      numbers: [name],
    };
  }

  private leave({ inLoop, ...scope }: Scope): { lines: string[]; numbers: string[] } {
    const test = `if ${this.number({ ...scope, inLoop })} > ${500 + this.choices.below(500)}:`;
    const how = this.choices.of(
      `raise ValueError("${this.name('e')}")`,
      inLoop ? 'break' : 'pass',
      inLoop ? 'continue' : 'pass',
      `return ${this.number({ ...scope, inLoop })}`,
    );
    return { lines: [test, INDENT + how], numbers: [] };
  }

  private call(scope: Scope): { lines: string[]; numbers: string[] } {
    if (scope.functions.length === 0) return this.wait(scope);
    const name = this.name();
    const called = this.choices.of(...scope.functions);
    const given = this.number(scope);
    const text = this.style !== 'async' ? `${called}(${given})` : `await ${called}(session, ${given})`;
    const forms = [`${name} = ${text}`, `${name} = 1 + ${text}`, `${name} = [${text}][0]`];
    return { lines: [this.choices.of(...forms)], numbers: [name] };
  }

  private wait(scope: Scope): { lines: string[]; numbers: string[] } {
    const name = this.name();
    const url = `f"https://api.example.com/${this.name('u')}/{${this.number(scope)}}"`;
    return {
      lines: this.style !== 'async' ? this.poolWait(name, url, scope) : this.asyncWait(name, url, scope),
      numbers: [name],
    };
  }

  private poolWait(name: string, url: string, scope: Scope): string[] {
    const more = this.more(scope);
    const response = this.choices.of('response', 'r');
    const checked = this.choices.chance(60) ? [`${response}.raise_for_status()`] : [];
    const within = this.choices.chance(15) ? this.inside(scope, response) : [];
    return this.choices.of<() => string[]>(
      () => [`${name} = requests.get(${url}${more}).json()["id"]`],
      () => [`${response} = requests.get(${url}${more})`, ...checked, ...within, `${name} = ${response}.json()["id"]`],
      () => [
        `${response} = requests.post(${url}, json={"n": ${this.number(scope)}})`,
        ...checked,
        `${name} = ${response}.status_code`,
      ],
      () => [`${response} = requests.get(${url}${more})`, `${name} = len(${response}.text)`],
      () => [
        `with requests.get(${url}${more}) as ${response}:`,
        ...indented([...checked, `${name} = len(${response}.content)`]),
      ],
    )();
  }

  private asyncWait(name: string, url: string, scope: Scope): string[] {
    const more = this.more(scope);
    const response = this.choices.of('response', 'r');
    const checked = this.choices.chance(60) ? [`${response}.raise_for_status()`] : [];
    const within = this.choices.chance(15) ? this.inside(scope, response) : [];
    const get = `async with session.get(${url}${more}) as ${response}:`;
    return this.choices.of<() => string[]>(
      () => [get, ...indented([...checked, `${name} = (await ${response}.json())["id"]`])],
      () => [get, ...indented([...checked, ...within, `data = await ${response}.json()`, `${name} = data["id"]`])],
      () => [
        `async with session.post(${url}, json={"n": ${this.number(scope)}}) as ${response}:`,
        ...indented([...checked, `${name} = ${response}.status`]),
      ],
      () => [get, ...indented([`${name} = len(await ${response}.text())`])],
      () => [get, ...indented([...checked, `body = await ${response}.read()`]), `${name} = len(body)`],
    )();
  }

  private inside(scope: Scope, response: string): string[] {
    const status = this.style !== 'async' ? 'status_code' : 'status';
    return [`if ${response}.${status} == 500:`, `${INDENT}return ${this.number(scope)}`];
  }

  private more(scope: Scope): string {
    return this.choices.of('', '', `, params={"q": ${this.number(scope)}}`, ', headers={"X-One": "1"}');
  }

  number({ numbers }: Scope): string {
    return numbers.length > 0
      ? numbers[(numbers.length - 1 - this.choices.below(Math.min(3, numbers.length))) % numbers.length]!
      : '7';
  }

  private comment(): string[] {
    return this.choices.chance(12) ? [`# c${++this.comments}`] : [];
  }
}
