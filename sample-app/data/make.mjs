// Makes the sample's data, the same every time: orders.csv (1,200 orders and 13 bad lines) and six drawings
// in drawings/. Run it with: node sample-app/data/make.mjs
import { mkdirSync, writeFileSync } from "node:fs";
import sharp from "sharp";

const here = new URL("./", import.meta.url);
let seed = 20260101;
const dice = () => (seed = (seed * 1_103_515_245 + 12_345) % 2_147_483_648) / 2_147_483_648;
const pick = (list) => list[Math.floor(dice() * list.length)];

const products = [["tea-green", 6.5], ["tea-black", 5.9], ["mug-blue", 12], ["mug-red", 12], ["pot-iron", 48.5], ["sieve", 7.25], ["kettle", 59.9], ["honey", 8.4]];
const names = ["Ada", "Bela", "Chidi", "Dana", "Emre", "Freya", "Gita", "Hugo", "Ines", "Jomo", "Kaya", "Lars"];
const bad = {
  57: "A-00057,ada@example.com,mug-blue,minus two,12.00",
  58: "A-00058,nobody,mug-blue,2,12.00",
  191: "",
  333: "A-00333,gita@example.com,unicorn,1,99.00",
  404: "A-00404;hugo@example.com;kettle;1;59.90",
  512: "A-00512,dana@example.com,kettle,0,59.90",
  640: 'A-00640,"broken@example.com,kettle,1,59.90',
  777: "A-00776,lars@example.com,sieve,1,7.25",
  801: "A-00801,lars@example.com,sieve,1,-7.25",
  888: "A-00888,kaya@example.com,honey,1",
  999: "A-00999,kaya@example.com,honey,1e9,8.40",
  1042: ",emre@example.com,tea-black,3,5.90",
  1111: "A-01111,emre@example.com,tea-black,3,5.90,extra",
};
const lines = ["number,email,product,quantity,price"];
for (let i = 1; i <= 1_213; i++) {
  const [product, price] = pick(products);
  lines.push(bad[i] ?? `A-${String(i).padStart(5, "0")},${pick(names).toLowerCase()}@example.com,${product},${1 + Math.floor(dice() * 5)},${price.toFixed(2)}`);
}
writeFileSync(new URL("orders.csv", here), lines.join("\n") + "\n");

mkdirSync(new URL("drawings/", here), { recursive: true });
const scenes = [["dawn", "#f6b26b", "#6d5a8a"], ["noon", "#9fd3f2", "#3f7d4f"], ["dusk", "#d9667b", "#2f3a5f"], ["night", "#1b2447", "#0c1226"], ["snow", "#dfe9f3", "#8fa6b8"], ["desert", "#fbe3b5", "#c98b4b"]];
for (const [index, [name, sky, land]] of scenes.entries()) {
  const hills = [0, 1, 2].map((row) => {
    const points = Array.from({ length: 13 }, (_, x) => `${x * 100},${Math.round(480 + row * 90 - dice() * 150)}`);
    return `<polygon fill="${land}" fill-opacity="${0.45 + row * 0.25}" points="0,800 ${points.join(" ")} 1200,800"/>`;
  });
  const svg = `<svg xmlns="http://www.w3.org/2000/svg" width="1200" height="800"><defs><linearGradient id="s" x1="0" y1="0" x2="0" y2="1"><stop offset="0" stop-color="${sky}"/><stop offset="1" stop-color="#fff6e8"/></linearGradient></defs><rect width="1200" height="800" fill="url(#s)"/><circle cx="${200 + Math.round(dice() * 800)}" cy="${120 + Math.round(dice() * 150)}" r="70" fill="#fff3c4"/>${hills.join("")}</svg>`;
  const image = sharp(Buffer.from(svg));
  await (index % 2 === 0 ? image.jpeg({ quality: 82 }).toFile(new URL(`drawings/${name}.jpg`, here).pathname) : image.png({ palette: true }).toFile(new URL(`drawings/${name}.png`, here).pathname));
}
