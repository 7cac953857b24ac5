/** For jscodeshift: `npx jscodeshift -t node_modules/asyncshift/transforms/callback-to-pool.cjs src`. */
const { transform } = require('./lib/load.cjs');

module.exports = transform('pool', 'callback');
module.exports.default = module.exports;
