/** Why a file is passed over whose nesting is deeper than the stack: generated or hostile text, no defect of ours. */
export const TOO_DEEP = 'skipped: nested too deeply to be read';

/** True for what is thrown when the stack is full. */
export function isTooDeep(thrown: unknown): boolean {
  const { name, message } = (thrown ?? {}) as Partial<Error>;
  return name === 'RangeError' && /call stack/i.test(message ?? '');
}
