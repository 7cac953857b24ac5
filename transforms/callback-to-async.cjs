/** For jscodeshift: `npx jscodeshift -t node_modules/asyncshift/transforms/callback-to-async.cjs src`. */
const { transform } = require('./lib/load.cjs');

module.exports = transform('async', 'callback');
module.exports.default = module.exports;
