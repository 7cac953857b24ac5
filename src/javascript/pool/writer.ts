import { asyncWriter } from '../async/writer.js';
import type { Writer } from '../writers.js';

/** Around a pool stands an async function: what it waits for is written as it is there. */
export const poolWriter: Writer = asyncWriter;
