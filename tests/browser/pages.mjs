// Opens every kind of page of a built site in Chromium, at desktop and phone width, light and dark,
// with script on and off, over file:// and over HTTP, and fails on what a reader would trip over:
// console errors, requests that leave the site, horizontal overflow, axe-core violations of level
// serious or above, and links that lead nowhere.
//
//   node pages.mjs SITE SCREENSHOTS [CHROMIUM]
//
// Prints one line per failure and closes with "N passed, M failed".
import { readFileSync, readdirSync, statSync, mkdirSync } from "node:fs";
import { createServer } from "node:http";
import { createRequire } from "node:module";
import { join, relative, sep, extname } from "node:path";
import { pathToFileURL } from "node:url";
import { HtmlValidate } from "html-validate";
import { chromium } from "playwright-core";

const [site, screenshots, executablePath = "/usr/bin/chromium"] = process.argv.slice(2);
const axe = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");
mkdirSync(screenshots, { recursive: true });

// One page of each kind is enough for the expensive checks; the kind is the shape of its address.
function* walk(folder) {
  for (const name of readdirSync(folder).sort()) {
    const path = join(folder, name);
    if (statSync(path).isDirectory()) yield* walk(path);
    else if (name.endsWith(".html")) yield relative(site, path).split(sep).join("/");
  }
}
const all = [...walk(site)];
const kind = (page) => {
  const parts = page.split("/");
  if (parts[0] === "models" && parts.length === 3) {
    if (parts[2] === "index.html") return "model";
    if (/^history(-p\d+)?\.html$/.test(parts[2])) return "history";
    if (/^drift(-p\d+)?\.html$/.test(parts[2])) return "model-drift";
    if (/-drift-p\d+\.html$/.test(parts[2])) return "drift-more";
    for (const suffix of ["compare", "drift", "verdict"]) if (parts[2].endsWith(`${suffix}.html`)) return suffix;
    return "version";
  }
  return parts.length === 1 ? page : `${parts[0]}/${parts[parts.length - 1] === "index.html" ? "index" : "page"}`;
};
const chosen = new Map();
for (const page of all) {
  const k = kind(page);
  // Of versions and drift pages the richest is looked at, and one more.
  const size = statSync(join(site, page)).size;
  const list = chosen.get(k) ?? [];
  list.push([size, page]);
  list.sort((a, b) => b[0] - a[0] || (a[1] < b[1] ? -1 : 1));
  chosen.set(k, list.slice(0, 2));
}
const pages = [...chosen.entries()].flatMap(([k, list]) => list.map(([, page], i) => [i ? `${k}-${i + 1}` : k, page]));

const types = { ".html": "text/html", ".css": "text/css", ".svg": "image/svg+xml", ".json": "application/json", ".xml": "text/xml", ".txt": "text/plain" };
const base = "/reports/models"; // a sub-path, as on GitHub Pages
let strict = ""; // a policy that the host adds
const server = createServer((request, response) => {
  const path = decodeURIComponent(new URL(request.url, "http://x").pathname);
  try {
    if (!path.startsWith(`${base}/`) || path.includes("..")) throw new Error("outside");
    const body = readFileSync(join(site, path.slice(base.length + 1)));
    response.writeHead(200, { "content-type": types[extname(path)] ?? "application/octet-stream", ...(strict && { "content-security-policy": strict }) }).end(body);
  } catch {
    response.writeHead(404, { "content-type": "text/html" }).end("not found");
  }
});
await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
const origin = `http://127.0.0.1:${server.address().port}`;

const browser = await chromium.launch({
  executablePath,
  args: ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking", "--disable-component-update", "--disable-sync"],
});
let passed = 0;
const failures = [];
const check = (ok, text) => (ok ? passed++ : failures.push(text));

const settings = [
  { name: "desktop-light", viewport: { width: 1440, height: 900 }, colorScheme: "light", javaScriptEnabled: true },
  { name: "desktop-dark", viewport: { width: 1440, height: 900 }, colorScheme: "dark", javaScriptEnabled: true },
  { name: "phone-light", viewport: { width: 390, height: 844 }, colorScheme: "light", javaScriptEnabled: true, isMobile: true },
  { name: "phone-dark", viewport: { width: 390, height: 844 }, colorScheme: "dark", javaScriptEnabled: true, isMobile: true },
];
for (const { name, ...options } of settings) {
  // The pages' own policy forbids inline script, so axe is let in past it; the pages have none.
  const context = await browser.newContext({ ...options, bypassCSP: true });
  for (const [label, path] of pages) {
    const page = await context.newPage();
    const errors = [];
    page.on("console", (m) => m.type() === "error" && errors.push(m.text()));
    page.on("pageerror", (e) => errors.push(String(e)));
    page.on("request", (r) => !r.url().startsWith(origin) && errors.push(`request to ${r.url()}`));
    page.on("response", (r) => r.status() >= 400 && errors.push(`${r.status()} for ${r.url()}`));
    await page.goto(`${origin}${base}/${path}`, { waitUntil: "load" });
    check(errors.length === 0, `${path} (${name}): ${errors.join("; ")}`);
    const overflow = await page.evaluate(() => {
      const width = document.documentElement.clientWidth;
      if (document.documentElement.scrollWidth <= width) return null;
      const wide = [...document.querySelectorAll("body *")].filter((e) => e.getBoundingClientRect().right > width + 1);
      return `${document.documentElement.scrollWidth} > ${width}: ${wide.slice(0, 3).map((e) => `${e.tagName.toLowerCase()}.${e.getAttribute("class") ?? ""}`).join(", ")}`;
    });
    check(overflow === null, `${path} (${name}) overflows: ${overflow}`);
    await page.evaluate(axe);
    const found = await page.evaluate(() => window.axe.run(document, { resultTypes: ["violations"] }));
    const violations = found.violations;
    check(violations.length === 0, `${path} (${name}) axe: ${violations.map((v) => `${v.id} (${v.nodes.length}): ${v.nodes[0].html.slice(0, 140)} — ${v.nodes[0].failureSummary.replaceAll("\n", " ").slice(0, 200)}`).join("; ")}`);
    await page.screenshot({ path: join(screenshots, `${label.replaceAll(/[^a-z0-9.-]+/gi, "-")}-${name}.png`), fullPage: true });
    await page.close();
  }
  await context.close();
}

// Without script, from the file system, under the pages' own content security policy: every page is
// complete and asks for nothing outside the site.
{
  const context = await browser.newContext({ javaScriptEnabled: false, viewport: { width: 1440, height: 900 } });
  for (const [label, path] of pages) {
    const page = await context.newPage();
    const errors = [];
    const home = pathToFileURL(site).href;
    page.on("console", (m) => m.type() === "error" && errors.push(m.text()));
    page.on("request", (r) => !r.url().startsWith(home) && errors.push(`request to ${r.url()}`));
    page.on("requestfailed", (r) => errors.push(`failed: ${r.url()}`));
    await page.goto(pathToFileURL(join(site, path)).href, { waitUntil: "load" });
    check(errors.length === 0, `${path} (file://, no script): ${errors.join("; ")}`);
    const styled = await page.locator("body").evaluate((b) => getComputedStyle(b).fontFamily).catch(() => "");
    check(path === "404.html" || !/^"?times/i.test(styled), `${path} (file://) has no style: ${styled}`);
    check((await page.locator("main").count()) === 1, `${path} has no main part`);
    if (label === "version") await page.pdf({ path: join(screenshots, "version.pdf"), format: "A4" });
    await page.close();
  }
  await context.close();
}

// Under the policy of Jenkins' HTML Publisher every page has its style and pictures; only scripts are refused.
{
  strict = "sandbox allow-same-origin; default-src 'none'; img-src 'self'; style-src 'self';";
  const context = await browser.newContext({ viewport: { width: 1440, height: 900 } });
  for (const [, path] of pages) {
    const page = await context.newPage();
    const errors = [];
    page.on("console", (m) => m.type() === "error" && !/script/i.test(m.text()) && errors.push(m.text()));
    await page.goto(`${origin}${base}/${path}`, { waitUntil: "load" });
    check(errors.length === 0, `${path} (Jenkins): ${errors.join("; ")}`);
    const sheets = await page.locator("link[rel=stylesheet]").count();
    const html = await page.content();
    check(sheets === 1 && html.includes("</main>"), `${path} (Jenkins) is not whole`);
    const size = await page.locator("h1").first().boundingBox();
    check(size !== null && size.x > 20, `${path} (Jenkins) has no style`);
    await page.close();
  }
  await context.close();
  strict = "";
}

// Search: from the file system and below a sub-path, by script alone; what it finds has a page.
for (const from of [pathToFileURL(join(site, "search.html")).href, `http://127.0.0.1:${server.address().port}${base}/search.html`]) {
  const context = await browser.newContext({ viewport: { width: 1440, height: 900 } });
  const page = await context.newPage();
  const errors = [];
  page.on("console", (m) => m.type() === "error" && errors.push(m.text()));
  page.on("pageerror", (e) => errors.push(e.message));
  await page.goto(from, { waitUntil: "load" });
  const find = async (query) => {
    await page.fill("#q", query);
    await page.waitForFunction(() => document.getElementById("says").textContent !== "");
    await page.waitForTimeout(150);
    return page.locator("#found a").evaluateAll((links) => links.map((l) => [l.textContent, l.getAttribute("href")]));
  };
  // The first name of the index must be found by its beginning, in any case and with marks.
  const name = await page.locator(".az a").first().textContent();
  const word = name.split(/[^\p{L}\p{N}]+/u).find((w) => w.length > 3) ?? name;
  for (const query of [word, word.slice(0, 3).toUpperCase(), `${word[0]}\u0301${word.slice(1)}`]) {
    const found = await find(query);
    check(found.some(([title]) => title === name), `search for '${query}' at ${from} gave ${JSON.stringify(found.slice(0, 3))}`);
    const first = found[0] && new URL(found[0][1]);
    check(!first || first.protocol === new URL(from).protocol, `search leads elsewhere: ${first}`);
  }
  check((await find("qqqqzzzz")).length === 0 && (await page.textContent("#says")) === "No results", "search finds what is not there");
  check(errors.length === 0, `search at ${from}: ${errors.join("; ")}`);
  await context.close();
}

// Every internal link of every page leads to a file, and its fragment to an element.
{
  const ids = new Map();
  const text = (page) => readFileSync(join(site, page), "utf8");
  const idsOf = (page) => {
    if (!ids.has(page)) ids.set(page, new Set([...text(page).matchAll(/\sid="([^"]*)"/g)].map((m) => m[1])));
    return ids.get(page);
  };
  const files = new Set(readdirSync(site, { recursive: true }).map((p) => p.split(sep).join("/")));
  let broken = 0;
  // Only what stands in a tag is a link: a text may speak of them.
  const links = (html) => [...html.matchAll(/<[a-z][^<>]*?(?:"[^"]*"[^<>"]*)*>/gi)].flatMap(([tag]) => [...tag.matchAll(/\s(?:href|src)="([^"]*)"/g)].map((m) => m[1]));
  for (const page of all) {
    for (const address of links(text(page))) {
      if (/^[a-z]+:/i.test(address)) continue;
      const url = new URL(address.replaceAll("&amp;", "&"), `http://x/${page}`);
      const target = decodeURIComponent(url.pathname).slice(1);
      const fragment = decodeURIComponent(url.hash.slice(1));
      if (!files.has(target)) (broken++, failures.push(`${page}: ${address} leads nowhere`));
      else if (fragment && target.endsWith(".html") && !idsOf(target).has(fragment)) (broken++, failures.push(`${page}: ${address} has no target`));
    }
  }
  if (!broken) passed++;
}

// Every page is valid HTML. What the specification allows and only a taste forbids is left out: lower-case doctype,
// tags that may be omitted, attributes without quotes, long titles.
{
  const tastes = ["doctype-style", "no-implicit-close", "attr-quotes", "long-title"];
  const validator = new HtmlValidate({ root: true, extends: ["html-validate:standard"], rules: Object.fromEntries(tastes.map((t) => [t, "off"])) });
  for (const path of all) {
    const { results } = await validator.validateString(readFileSync(join(site, path), "utf8"));
    const messages = results.flatMap((r) => r.messages).map((m) => `${m.line}:${m.column} ${m.message} (${m.ruleId})`);
    check(messages.length === 0, `${path} is not valid: ${messages.slice(0, 3).join("; ")}`);
  }
}

await browser.close();
server.close();
for (const failure of failures) console.log(`FAILED ${failure}`);
console.log(`${pages.length} pages of ${chosen.size} kinds, ${all.length} pages link-checked`);
console.log(`browser: ${passed} passed, ${failures.length} failed`);
process.exit(failures.length ? 1 : 0);
