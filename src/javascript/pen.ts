import type { Canvas } from '../edits/render.js';
import type { ImportNeed } from '../flow/model.js';
import type { CodeStyle } from './context.js';

/** What a writer writes with: the file's text and names, and how the file looks. */
export interface Pen {
  readonly canvas: Canvas;
  readonly style: CodeStyle;
  /** Types are written where they could not be told. */
  readonly typescript?: boolean;
  /** The project has the `async` library, which this file can import so. */
  readonly asyncLibrary?: ImportNeed;
  /** The text by which this file says what is needed; it is imported where the file lacks it. */
  need(need: ImportNeed): string;
}
