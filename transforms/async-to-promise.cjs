/** For jscodeshift: `npx jscodeshift -t node_modules/asyncshift/transforms/async-to-promise.cjs src`. */
const { transform } = require('./lib/load.cjs');

module.exports = transform('promise', 'async');
module.exports.default = module.exports;
