/** For jscodeshift: `npx jscodeshift -t node_modules/asyncshift/transforms/async-to-pool.cjs src`. */
const { transform } = require('./lib/load.cjs');

module.exports = transform('pool', 'async');
module.exports.default = module.exports;
