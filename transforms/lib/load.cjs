/** Loads the compiled transforms for jscodeshift, without its Babel hook: that would compile our dependencies too, for half a minute. */
function undoBabelRegister() {
  const names = Object.keys(require.cache).filter((name) => /@babel[\\/]register[\\/]lib[\\/]index\.c?js$/.test(name));
  for (const name of names) require.cache[name].exports.revert();
}

/** `transform('async', 'promise')`: from promise chains to async functions; without the second, from every style. */
exports.transform = function transform(to, from) {
  undoBabelRegister();
  const { forJscodeshift } = require('../../dist/jscodeshift/index.js');
  return forJscodeshift(to, from);
};
