/** For jscodeshift: `npx jscodeshift -t node_modules/asyncshift/transforms/to-async.cjs src`. */
const { transform } = require('./lib/load.cjs');

module.exports = transform('async');
module.exports.default = module.exports;
