/** For jscodeshift: `npx jscodeshift -t node_modules/asyncshift/transforms/async-to-callback.cjs src`. */
const { transform } = require('./lib/load.cjs');

module.exports = transform('callback', 'async');
module.exports.default = module.exports;
