/** For jscodeshift: `npx jscodeshift -t node_modules/asyncshift/transforms/pool-to-callback.cjs src`. */
const { transform } = require('./lib/load.cjs');

module.exports = transform('callback', 'pool');
module.exports.default = module.exports;
