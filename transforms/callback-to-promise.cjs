/** For jscodeshift: `npx jscodeshift -t node_modules/asyncshift/transforms/callback-to-promise.cjs src`. */
const { transform } = require('./lib/load.cjs');

module.exports = transform('promise', 'callback');
module.exports.default = module.exports;
