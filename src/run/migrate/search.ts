/** What one run of the test command said about a set of groups. */
export interface Verdict {
  readonly green: boolean;
  /** The end of what the command printed when it failed. */
  readonly output: string;
}

/** A group that the tests do not bear, and what they said. */
export interface LeftOut<G> {
  readonly group: G;
  readonly output: string;
}

export interface Found<G> {
  /** In the order given. */
  readonly kept: readonly G[];
  readonly leftOut: readonly LeftOut<G>[];
}

/**
 * The largest green set that can be had by leaving groups out one by one: everything at once first, then halves, so k culprits among n groups
 * cost about k·log2(n) runs. Each group that stays was green together with all the others that stay; each one left out is red with them.
 *
 * A group may be red only because another one is missing, so what was left out is tried again as long as something came in since.
 * `test` is asked with groups in the order given and may answer from memory; what it throws (an interruption) goes through.
 */
export async function largestGreen<G>(
  groups: readonly G[],
  test: (groups: readonly G[]) => Promise<Verdict>,
): Promise<Found<G>> {
  const kept = new Set<G>();
  let leftOut = new Map<G, string>();
  const together = (more: readonly G[]): G[] => groups.filter((group) => kept.has(group) || more.includes(group));
  const admit = async (candidates: readonly G[]): Promise<void> => {
    if (candidates.length === 0) return;
    const verdict = await test(together(candidates));
    if (verdict.green) {
      for (const group of candidates) kept.add(group);
      return;
    }
    const [only] = candidates;
    if (candidates.length === 1) {
      leftOut.set(only!, verdict.output);
      return;
    }
    const middle = Math.ceil(candidates.length / 2);
    await admit(candidates.slice(0, middle));
    await admit(candidates.slice(middle));
  };
  await admit(groups);
  for (let before = -1; leftOut.size > 0 && kept.size > before;) {
    before = kept.size;
    const again = [...leftOut.keys()];
    leftOut = new Map();
    for (const group of again) await admit([group]); // alone: together they were red before
  }
  const order = new Map(groups.map((group, at) => [group, at]));
  return {
    kept: groups.filter((group) => kept.has(group)),
    leftOut: [...leftOut]
      .map(([group, output]) => ({ group, output }))
      .sort((a, b) => order.get(a.group)! - order.get(b.group)!),
  };
}
