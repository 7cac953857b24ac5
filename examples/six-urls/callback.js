// Six pages at once, with callbacks.
const https = require('https');

const urls = [
  'https://www.cnn.com',
  'https://www.foxnews.com',
  'https://www.nbcnews.com',
  'https://abcnews.go.com',
  'https://www.usatoday.com/news',
  'https://www.bbc.com/news/world',
];

function getUrl(url, cb) {
  https
    .get(url, (response) => {
      let text = '';
      response.setEncoding('utf8');
      response.on('data', (chunk) => {
        text += chunk;
      });
      response.on('end', () => cb(null, text));
    })
    .on('error', cb);
}

function getAll(list, cb) {
  const pages = [];
  let left = list.length;
  let failed = false;
  if (left === 0) return cb(null, pages);

  list.forEach((url, i) => {
    getUrl(url, (err, text) => {
      if (failed) return;
      if (err) {
        failed = true;
        return cb(err);
      }
      pages[i] = text;
      left -= 1;
      if (left === 0) cb(null, pages);
    });
  });
}

const started = Date.now();
getAll(urls, (err, pages) => {
  if (err) {
    console.error(err.message);
    process.exitCode = 1;
    return;
  }
  // In the order of the list, whichever answered first.
  pages.forEach((page, i) => console.log(urls[i], page.length));
  console.log(`Process took ${Date.now() - started} ms`);
});
