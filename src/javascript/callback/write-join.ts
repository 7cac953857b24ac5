import type { Step } from '../../flow/model.js';
import { arrow, line, typed, type Env, type Goto } from './write-model.js';

/** What happens at a place that several ways lead to. */
export interface Place {
  /** The stem of its name, where it needs one. */
  readonly stem: string;
  /** It is so short that it may be written more than once. */
  readonly again?: boolean;
  /** It reads better above, even where only one way leads to it. */
  readonly named?: boolean;
  /** The name of what it is handed. */
  readonly param?: string;
  /** Its lines; the place where they stand decides about indentation and about what has been waited for. */
  write(env: Env): string[];
}

/**
 * Lines that lead to a place: where only one way does, it is written there, else it is a local function above.
 *
 *   const next = () => { … };
 *   if (!cached) return load(id, (err) => { …; next(); });
 *   next();
 */
export function leadingTo(place: Place, env: Env, ways: (to: Goto) => string[]): string[] {
  if (place.again) return ways({ kind: 'inline', again: true, write: place.write });
  const { names } = env.world;
  const back = names.mark();
  const fn = names.fresh(place.stem);
  const seen: Env[] = [];
  const lines = ways(named(fn, place, (at) => seen.push(at)));
  if (seen.length === 0) return lines;
  if (seen.length === 1 && !seen[0]!.enclosed && !place.named) {
    back();
    return ways({ kind: 'inline', write: place.write });
  }
  const params = place.param ? [typed(place.param, 'any', env)] : [];
  const later = seen.every((at) => at.later);
  const body = arrow(params, env, (inner) =>
    place.write({ ...inner, later, first: false, trying: false, enclosed: false, tail: true, depth: env.depth + 1 }),
  );
  return [line(`const ${fn} = ${body}`, env), ...lines];
}

function named(fn: string, place: Place, used: (env: Env) => void): Goto {
  return { kind: 'call', fn, args: (value) => (place.param && value !== undefined ? [value] : []), used };
}

/** The steps that follow, as a place. */
export function placeOf(rest: readonly Step[], write: (env: Env) => string[]): Place {
  const [only, more] = rest;
  const bare = only?.kind === 'exit' && !more && only.lead.every((each) => each === '') && !only.trail?.length;
  const value = bare && only.how === 'succeed' ? only.with : undefined;
  const again =
    bare && (only.how === 'succeed' ? !value || (!('kind' in value) && value.pure === true) : only.how !== 'fail');
  return { stem: 'next', write, ...(again && { again }) };
}

/** `to` if it is no more than a call, so that it can be said more than once. */
export function isShort(to: Goto): boolean {
  return to.kind !== 'inline' || to.again === true;
}
