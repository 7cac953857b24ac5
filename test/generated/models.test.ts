/** Flow models: each is told in every style that can tell it, and all tell the same. `npm run fuzz -- --models` tries many more. */

import { fuzz } from './fuzz.js';

test('a flow model does the same in every style', () => {
  expect(fuzz('--models', '--count', '700', '--seconds', '20')).toMatch(/ models, 0 differ/);
}, 90_000);
