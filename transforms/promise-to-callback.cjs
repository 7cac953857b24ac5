/** For jscodeshift: `npx jscodeshift -t node_modules/asyncshift/transforms/promise-to-callback.cjs src`. */
const { transform } = require('./lib/load.cjs');

module.exports = transform('callback', 'promise');
module.exports.default = module.exports;
