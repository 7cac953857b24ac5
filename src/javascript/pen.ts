import type { Canvas } from '../edits/render.js';
import type { CodeStyle } from './context.js';

/** What a writer writes with: the file's text and names, and how the file looks. */
export interface Pen {
  readonly canvas: Canvas;
  readonly style: CodeStyle;
}
