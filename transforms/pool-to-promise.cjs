/** For jscodeshift: `npx jscodeshift -t node_modules/asyncshift/transforms/pool-to-promise.cjs src`. */
const { transform } = require('./lib/load.cjs');

module.exports = transform('promise', 'pool');
module.exports.default = module.exports;
