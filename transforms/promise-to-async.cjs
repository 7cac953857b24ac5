/** For jscodeshift: `npx jscodeshift -t node_modules/asyncshift/transforms/promise-to-async.cjs src`. */
const { transform } = require('./lib/load.cjs');

module.exports = transform('async', 'promise');
module.exports.default = module.exports;
