/** For jscodeshift: `npx jscodeshift -t node_modules/asyncshift/transforms/to-pool.cjs src`. */
const { transform } = require('./lib/load.cjs');

module.exports = transform('pool');
module.exports.default = module.exports;
