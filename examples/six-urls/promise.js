// Six pages at once, with promise chains.
const urls = [
  'https://www.cnn.com',
  'https://www.foxnews.com',
  'https://www.nbcnews.com',
  'https://abcnews.go.com',
  'https://www.usatoday.com/news',
  'https://www.bbc.com/news/world',
];

function getUrl(url) {
  return fetch(url).then((response) => response.text());
}

function run() {
  const started = Date.now();

  return Promise.all(urls.map((url) => getUrl(url))).then((pages) => {
    // In the order of the list, whichever answered first.
    pages.forEach((page, i) => console.log(urls[i], page.length));
    console.log(`Process took ${Date.now() - started} ms`);
  });
}

run().catch((err) => {
  console.error(err.message);
  process.exitCode = 1;
});
