/** For jscodeshift: `npx jscodeshift -t node_modules/asyncshift/transforms/to-callback.cjs src`. */
const { transform } = require('./lib/load.cjs');

module.exports = transform('callback');
module.exports.default = module.exports;
