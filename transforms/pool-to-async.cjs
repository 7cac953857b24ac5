/** For jscodeshift: `npx jscodeshift -t node_modules/asyncshift/transforms/pool-to-async.cjs src`. */
const { transform } = require('./lib/load.cjs');

module.exports = transform('async', 'pool');
module.exports.default = module.exports;
