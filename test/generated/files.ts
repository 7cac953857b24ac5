/** A program of several files is one text: each but the first begins with a line that names it, the last is the main one. */

export interface File {
  readonly path: string;
  readonly text: string;
}

const MARK = /^\/\/\/\/ (\S+)\r?\n/m;

export function filesOf(source: string): File[] {
  if (!source.startsWith('//// ')) return [{ path: 'program.js', text: source }];
  const parts = source.split(MARK).slice(1);
  return parts.flatMap((path, index) => (index % 2 === 0 ? [{ path, text: parts[index + 1]! }] : []));
}

export function sourceOf(files: readonly File[]): string {
  const [only, more] = files;
  if (only && !more) return only.text;
  return files.map(({ path, text }) => `//// ${path}${text.includes('\r\n') ? '\r\n' : '\n'}${text}`).join('');
}
