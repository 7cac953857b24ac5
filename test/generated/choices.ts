/** A row of numbers that decides what a generated program looks like. When it runs out every decision is the first one: simple. */
export class Choices {
  private at = 0;

  constructor(private readonly row: readonly number[]) {}

  /** A number below `count`. */
  below(count: number): number {
    const next = this.row[this.at++] ?? 0;
    return count <= 1 ? 0 : next % count;
  }

  /** One of these; the first is the simplest. */
  of<T>(...items: readonly T[]): T {
    return items[this.below(items.length)]!;
  }

  /** True with this chance in percent. */
  chance(percent: number): boolean {
    return this.below(100) >= 100 - percent;
  }

  /** There are numbers left: else only the simplest is made, so that programs end. */
  get more(): boolean {
    return this.at < this.row.length;
  }
}

/** Numbers from a seed: the same row for the same seed, everywhere (xorshift). */
export function rowOf(seed: number, length: number): number[] {
  let state = (Math.imul(seed, 2654435761) ^ 0x9e3779b9) | 0 || 1;
  return Array.from({ length }, () => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 0) % 10007;
  });
}
