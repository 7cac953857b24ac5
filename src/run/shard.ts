import * as fs from 'node:fs';
import * as path from 'node:path';
import type { Shard } from './document.js';
import { byText } from './paths.js';
import { projectFinder } from './projects.js';

/**
 * The files of one part of a run. Files of one package stay together, and so does every change group. Packages are dealt out by size, the
 * largest first, each to the part that has least so far: equal trees are divided equally on every machine.
 */
export function filesOfShard(root: string, files: readonly string[], { index, count }: Shard): string[] {
  const folderOf = projectFinder(root);
  const projects = new Map<string, { folder: string; size: number; files: string[] }>();
  for (const file of files) {
    const folder = folderOf(file);
    const project = projects.get(folder) ?? { folder, size: 0, files: [] };
    projects.set(folder, project);
    project.files.push(file);
    project.size += sizeOf(path.join(root, file));
  }
  const parts = Array.from({ length: count }, () => ({ size: 0, files: [] as string[] }));
  const bySize = [...projects.values()].sort((a, b) => b.size - a.size || byText(a.folder, b.folder));
  for (const project of bySize) {
    const least = parts.reduce((best, part) => (part.size < best.size ? part : best));
    least.size += project.size;
    least.files.push(...project.files);
  }
  return parts[index - 1]!.files.sort(byText);
}

/** An empty package still counts as something, so that many of them are spread too. */
function sizeOf(file: string): number {
  return 1 + (fs.statSync(file, { throwIfNoEntry: false })?.size ?? 0);
}
