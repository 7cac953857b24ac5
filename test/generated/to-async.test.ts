import { fuzz, testProgramsTo } from './fuzz.js';

testProgramsTo('async');

test('callback programs whose contract changes behave the same', () => {
  fuzz('--from', 'callback', '--to', 'async', '--exports', 'change', '--count', '100', '--seconds', '8');
}, 180_000);
