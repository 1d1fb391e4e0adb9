// Search: reads the shards that the words of a query need, as scripts, since file:// allows no fetch.
// In: data/search/*.js, which call presscheckSearch(kind, number, data). Out: a list of links. Nothing is sent anywhere.
"use strict";
(() => {
  const box = document.getElementById("q");
  const list = document.getElementById("found");
  const says = document.getElementById("says");
  if (!box || !list || !says) return;
  const root = new URL(box.form.dataset.root || "./", location.href);
  const loaded = new Map();
  const waiting = new Map();
  window.presscheckSearch = (kind, number, data) => loaded.set(kind + number, JSON.parse(data));
  const load = (kind, number) => {
    const key = kind + number;
    if (!waiting.has(key)) {
      waiting.set(key, new Promise((done, failed) => {
        const script = document.createElement("script");
        script.src = new URL(`data/search/${key}.js`, root).href;
        script.onload = () => (loaded.has(key) ? done(loaded.get(key)) : failed(new Error(key)));
        script.onerror = () => failed(new Error(key));
        document.head.append(script);
      }));
    }
    return waiting.get(key);
  };
  // The same as in src/site/search.rs.
  const fold = (text) => text.normalize("NFKD").replace(/\p{M}/gu, "").toLowerCase();
  const words = (text) => fold(text).split(/[^\p{Alphabetic}\p{N}]+/u).filter(Boolean);
  const SHARDS = 8;
  const SHOWN = 60;

  async function scores(word, prefixes, whole) {
    const fits = prefixes.map((p, i) => [p, i]).filter(([p]) => p.startsWith(word) || word.startsWith(p));
    // Of shards that the word begins with only the longest name can hold it.
    const exact = fits.filter(([p]) => word.startsWith(p)).sort((a, b) => b[0].length - a[0].length).slice(0, 1);
    const longer = fits.filter(([p]) => p.length > word.length && p.startsWith(word));
    const out = new Map();
    for (const [, number] of [...exact, ...longer].slice(0, SHARDS)) {
      const shard = await load("t", number);
      for (const [token, postings] of Object.entries(shard)) {
        if (!(whole ? token === word : token.startsWith(word))) continue;
        for (let i = 0; i < postings.length; i += 2) {
          const weight = postings[i + 1] * (token === word ? 2 : 1);
          out.set(postings[i], Math.max(out.get(postings[i]) || 0, weight));
        }
      }
    }
    return out;
  }

  let turn = 0;
  async function search() {
    const mine = ++turn;
    const query = words(box.value).slice(0, 8);
    if (!query.length) {
      list.replaceChildren();
      says.textContent = "";
      return;
    }
    try {
      const { prefixes, chunk } = await load("i", 0);
      let found;
      for (const [i, word] of query.entries()) {
        const of = await scores(word, prefixes, i < query.length - 1 && word.length < 2);
        found = found ? new Map([...found].filter(([d]) => of.has(d)).map(([d, s]) => [d, s + of.get(d)])) : of;
      }
      const best = [...found].sort((a, b) => b[1] - a[1] || a[0] - b[0]);
      const items = [];
      for (const [doc] of best.slice(0, SHOWN)) {
        const docs = await load("d", Math.floor(doc / chunk));
        items.push(docs[doc % chunk]);
      }
      if (mine !== turn) return;
      list.replaceChildren(...items.map(([title, href, kind]) => {
        const item = document.createElement("li");
        const link = document.createElement("a");
        link.href = new URL(href, root).href;
        link.textContent = title;
        const sub = document.createElement("span");
        sub.className = "sub";
        sub.textContent = ` ${kind}`;
        item.append(link, sub);
        return item;
      }));
      const n = best.length;
      says.textContent = n > SHOWN ? `The best ${SHOWN} of ${n}; another word narrows it down.` : n === 1 ? "1 result" : `${n || "No"} results`;
    } catch (error) {
      if (mine === turn) says.textContent = `The search index could not be read (${error.message}).`;
    }
    const address = new URL(location.href);
    address.hash = `q=${encodeURIComponent(box.value)}`;
    history.replaceState(null, "", address);
  }
  const asked = () => {
    const q = /^#q=(.*)$/.exec(location.hash);
    if (q) box.value = decodeURIComponent(q[1]);
  };
  box.form.hidden = false;
  box.form.addEventListener("submit", (event) => event.preventDefault());
  box.addEventListener("input", search);
  window.addEventListener("hashchange", () => { asked(); search(); });
  asked();
  if (box.value) search();
})();
