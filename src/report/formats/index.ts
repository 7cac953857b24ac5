import type { Reported } from './finding.js';

export type { Reported } from './finding.js';

/** Reports made of the result document alone, each loaded when it is asked for. */
export const reports = {
  ndjson: (reported: Reported) => (require('./ndjson.js') as typeof import('./ndjson.js')).ndjson(reported),
  sarif: (reported: Reported) => (require('./sarif.js') as typeof import('./sarif.js')).sarif(reported),
  github: (reported: Reported) => (require('./github.js') as typeof import('./github.js')).github(reported),
  rdjson: (reported: Reported) => (require('./rdjson.js') as typeof import('./rdjson.js')).rdjson(reported),
  junit: (reported: Reported) => (require('./junit.js') as typeof import('./junit.js')).junit(reported),
  html: (reported: Reported) => (require('./html.js') as typeof import('./html.js')).html(reported),
  md: (reported: Reported) => (require('./markdown.js') as typeof import('./markdown.js')).markdown(reported),
} as const;
