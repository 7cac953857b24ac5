/** For jscodeshift: `npx jscodeshift -t node_modules/asyncshift/transforms/promise-to-pool.cjs src`. */
const { transform } = require('./lib/load.cjs');

module.exports = transform('pool', 'promise');
module.exports.default = module.exports;
