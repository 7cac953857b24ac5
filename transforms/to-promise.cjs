/** For jscodeshift: `npx jscodeshift -t node_modules/asyncshift/transforms/to-promise.cjs src`. */
const { transform } = require('./lib/load.cjs');

module.exports = transform('promise');
module.exports.default = module.exports;
