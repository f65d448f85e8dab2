// A registry that has this package as it is packed, and sends for everything else to the one that npm is set
// to. For `nest add nestjs-stem`, which takes no file.
import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { createServer } from "node:http";

/** Serves one tarball. @param upstream URL of the registry for all other packages, ending in `/` */
export async function serve(tarball, manifest, upstream) {
  const bytes = readFileSync(tarball);
  const integrity = `sha512-${createHash("sha512").update(bytes).digest("base64")}`;
  const server = createServer((request, response) => {
    const path = (request.url ?? "/").slice(1);
    if (path === manifest.name) {
      const dist = { integrity, tarball: `${url}${manifest.name}/-/${manifest.name}-${manifest.version}.tgz` };
      const versions = { [manifest.version]: { ...manifest, dist } };
      response.setHeader("content-type", "application/json");
      response.end(JSON.stringify({ name: manifest.name, "dist-tags": { latest: manifest.version }, versions }));
    } else if (path.startsWith(`${manifest.name}/-/`)) response.end(bytes);
    else response.writeHead(302, { location: upstream + path }).end();
  });
  await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
  const url = `http://127.0.0.1:${server.address().port}/`;
  return { url, integrity, close: () => server.close() };
}
