// An OpenID provider that we did not write (npm oidc-provider), as an organisation would run one: people with groups, a client that
// signs them in, a machine client whose tokens are for an API. It is told in JSON on the command line, listens on a port of
// this machine, and says "ready <port>" on standard output. POST /turn makes it sign with a new key from then on.
import { createServer } from "node:http";
import { generateKeyPair, exportJWK } from "jose";
import Provider from "oidc-provider";

const told = JSON.parse(process.argv[2]);
const issuer = `http://127.0.0.1:${told.port}`;

async function key(kid, alg = "RS256") {
  const { privateKey } = await generateKeyPair(alg, { extractable: true });
  return { ...(await exportJWK(privateKey)), kid, alg, use: "sig" };
}

let people = told.people;
let serial = 1;
let keys = [await key("k1"), await key("e1", "ES256")];

function made() {
  const provider = new Provider(issuer, {
    clients: [
      {
        client_id: "registry", client_secret: told.secret, redirect_uris: [told.redirect], grant_types: ["authorization_code"],
        response_types: ["code"], token_endpoint_auth_method: "client_secret_basic",
      },
      {
        client_id: "machine", client_secret: told.secret, redirect_uris: [], response_types: [], grant_types: ["client_credentials"],
        token_endpoint_auth_method: "client_secret_basic",
      },
    ],
    jwks: { keys },
    cookies: { keys: ["for tests alone"] },
    claims: { openid: ["sub"], email: ["email", "email_verified"], profile: ["name", "groups", "amr"] },
    pkce: { required: () => true },
    findAccount: (_, id) => people[id] && { accountId: id, claims: () => ({ sub: id, email_verified: true, ...people[id] }) },
    features: {
      devInteractions: { enabled: true },
      clientCredentials: { enabled: true },
      resourceIndicators: {
        enabled: true,
        getResourceServerInfo: (_, resource) => ({
          scope: "registers:read notices:read", audience: resource, accessTokenFormat: "jwt", accessTokenTTL: 600,
          jwt: { sign: { alg: told.alg ?? "RS256" } },
        }),
        defaultResource: () => undefined,
        useGrantedResource: () => false,
      },
    },
    extraTokenClaims: (_, token) => (token.clientId === "machine" ? { groups: told.machine_groups } : undefined),
  });
  return provider.callback();
}

let answer = made();
let fetched = 0;
const server = createServer(async (request, response) => {
  const url = new URL(request.url, issuer);
  if (url.pathname === "/turn") {
    serial += 1;
    keys = [await key(`k${serial}`)];
    answer = made();
    response.end("turned");
  } else if (url.pathname === "/people" && request.method === "POST") {
    const parts = [];
    for await (const part of request) parts.push(part);
    people = JSON.parse(Buffer.concat(parts));
    response.end("known");
  } else if (url.pathname === "/fetched") {
    response.end(String(fetched));
  } else {
    if (url.pathname === "/jwks") fetched += 1;
    answer(request, response);
  }
});
server.listen(told.port, "127.0.0.1", () => console.log(`ready ${told.port}`));
process.on("disconnect", () => process.exit());
