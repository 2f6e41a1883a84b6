/** Made-up memories for the window outside the app. */

export interface FakeDocument {
  id: string;
  source: string;
  title: string;
  format: string;
  path: string | null;
  happened: string | null;
  basis: "stated" | "file_time" | "unknown";
  imported: string;
  tags?: string[];
  passages: { headings: string[]; line: number; text: string }[];
}

export interface FakeSource {
  id: string;
  name: string;
  kind: string;
  path: string | null;
}

export const sources: FakeSource[] = [
  { id: "src-notes", name: "Notes", kind: "folder", path: "/home/ada/Documents/Notes" },
  { id: "src-field", name: "Field journal", kind: "folder", path: "/home/ada/Documents/Field journal" },
  { id: "src-written", name: "Notes written here", kind: "notes", path: null },
];

export const documents: FakeDocument[] = [
  {
    id: "doc-beech",
    source: "src-field",
    title: "The beeches above the mill",
    format: "Markdown",
    path: "/home/ada/Documents/Field journal/2023/beeches-above-the-mill.md",
    happened: "2023-10-14T00:00:00Z",
    basis: "stated",
    imported: "2026-11-18T09:12:40Z",
    tags: ["Trees", "the mill"],
    passages: [
      {
        headings: ["October", "Above the mill"],
        line: 3,
        text: "## Above the mill\n\nWalked up behind the mill after the rain. The path is under leaves already and the stream is loud enough to cover talk. Counted **eleven old beeches** on the north slope; three of them hollow.",
      },
      {
        headings: ["October", "Above the mill", "The hollow tree"],
        line: 11,
        text: "### The hollow tree\n\nThe largest beech stands where the two paths meet. Its girth at breast height is 5.42 m, measured *twice* with the long tape. Henning thinks it is about 280 years old; I would say older, because the crown has already been coming down for decades. A tawny owl left from the upper hollow when we came close.",
      },
      {
        headings: ["October", "Above the mill", "What to bring next time"],
        line: 19,
        text: "### What to bring next time\n\n- [x] the small ladder\n- [ ] the red lamp, and more paper\n- Ask the forester:\n  - whether the slope may be entered between March and June,\n  - and for [the survey of 1987](https://forestry.example/surveys/1987).\n\n> Nobody owns an old tree.\n> One only gets to stand under it.\n\n```\ngirth 5.42 m   # at breast height\n```",
      },
    ],
  },
  {
    id: "doc-forester",
    source: "src-notes",
    title: "Call with the forester",
    format: "Plain text",
    path: "/home/ada/Documents/Notes/calls/forester.txt",
    happened: "2023-11-02T15:20:00Z",
    basis: "stated",
    imported: "2026-11-18T09:12:38Z",
    passages: [
      {
        headings: [],
        line: 1,
        text: "Mrs Aldag, forestry office, 2 November. The slope above the mill is a protected stand since 1994. Nobody enters from 1 March to 30 June because of the black storks.\nShe has the old survey: the big beech was 5.10 m round in 1987. That makes 32 cm in 36 years.",
      },
      {
        headings: [],
        line: 9,
        text: "She will send the survey as a copy. Offer in return: our list of hollow trees with positions.",
      },
    ],
  },
  {
    id: "doc-roof",
    source: "src-notes",
    title: "Mending the roof",
    format: "Markdown",
    path: "/home/ada/Documents/Notes/house/roof.md",
    happened: "2024-04-21T10:05:00Z",
    basis: "file_time",
    imported: "2026-11-18T09:12:38Z",
    passages: [
      {
        headings: ["Mending the roof", "Offers"],
        line: 5,
        text: "## Offers\n\nTwo offers so far:\n\n1. Petersen wants **14,800** and can begin in May;\n2. the firm from town wants 12,300 but not before September.\n\n Both say the oak beams are sound and only the battens must go.",
      },
      {
        headings: ["Mending the roof", "Decision"],
        line: 16,
        text: "## Decision\n\nDecided for Petersen. Paid 3,000 in advance on 21 April. The slates from the old barn can be used again, about 400 of them are whole.",
      },
    ],
  },
  {
    id: "doc-kyoto",
    source: "src-notes",
    title: "京都の旅 — Kyoto",
    format: "Markdown",
    path: "/home/ada/Documents/Notes/travel/kyoto.md",
    happened: "2022-04-05T00:00:00Z",
    basis: "stated",
    imported: "2026-11-18T09:12:39Z",
    passages: [
      {
        headings: ["Kyoto", "四月五日"],
        line: 4,
        text: "## 四月五日\n\n朝早く糺の森を歩いた。古い欅の木が川のそばに立っている。森の中は静かで、鳥の声だけが聞こえた。🌸 Tadasu no Mori is what an old forest in the middle of a city can be.",
      },
      {
        headings: ["Kyoto", "Where we ate"],
        line: 12,
        text: "The soba place near Demachiyanagi has six seats. Go before noon. The owner keeps a list of every tree that fell in the storm of 2018.",
      },
    ],
  },
  {
    id: "doc-reading",
    source: "src-notes",
    title: "Reading: what makes a forest old",
    format: "HTML",
    path: "/home/ada/Documents/Notes/reading/old-forests.html",
    happened: null,
    basis: "unknown",
    imported: "2026-11-18T09:12:40Z",
    passages: [
      {
        headings: ["What makes a forest old"],
        line: 22,
        text: "Age is not the only mark of an old forest. Dead wood in all stages, trees of every age side by side, and a ground that was never ploughed tell more than the girth of the oldest beech.",
      },
      {
        headings: ["What makes a forest old", "Continuity"],
        line: 41,
        text: "Lichens are slow to come back. Some species need two hundred years of unbroken shade, so their presence is a witness of continuity that no survey can replace.",
      },
    ],
  },
  {
    id: "doc-list",
    source: "src-written",
    title: "Hollow trees, list for the forestry office",
    format: "Note",
    path: null,
    happened: "2023-11-05T00:00:00Z",
    basis: "stated",
    imported: "2026-11-19T18:40:02Z",
    passages: [
      {
        headings: [],
        line: 1,
        text: "1. Beech at the meeting of the paths, 5.42 m, owl.\n2. Beech below the rock, hollow on the stream side, bats in August.\n3. Oak at the boundary stone, struck by lightning, still green.",
      },
    ],
  },
];

const weather = ["Fog until noon.", "A clear morning with frost.", "Rain, and the stream over its stones.", "Wind from the east."];
const seen = ["A heron at the weir.", "Two roe deer below the beeches.", "Nobody on the path.", "The owl again, in the hollow."];

/** Long enough to be read page by page. It is not among the answers. */
export const diary: FakeDocument = {
  id: "doc-diary",
  source: "src-field",
  title: "Diary of the valley",
  format: "Plain text",
  path: "/home/ada/Documents/Field journal/diary.txt",
  happened: "2022-12-31T00:00:00Z",
  basis: "file_time",
  imported: "2026-11-18T09:12:40Z",
  passages: Array.from({ length: 1460 }, (_, day) => ({
    headings: [`Year ${Math.floor(day / 365) + 1}`],
    line: day * 4 + 1,
    text: `Day ${day + 1}. ${weather[(day * 7) % 4] ?? ""} ${seen[(day * 5 + Math.floor(day / 9)) % 4] ?? ""}`,
  })),
};

/** A conversation from an export. */
export const chat: FakeDocument = {
  id: "doc-chat",
  source: "src-notes",
  title: "How old can a beech become?",
  format: "ChatGPT conversations",
  path: "/home/ada/Documents/Notes/chatgpt:6f2a11c0-77",
  happened: "2024-02-11T18:20:00Z",
  basis: "stated",
  imported: "2026-11-18T09:12:40Z",
  passages: [
    { headings: ["You"], line: 1, text: "How old can a beech become, and how would I tell?" },
    { headings: ["ChatGPT"], line: 2, text: "Beeches rarely pass **300 years**. Two ways to tell:\n\n* the girth at breast height gives a first guess,\n* a core gives the answer." },
    { headings: ["You"], line: 3, text: "Without a core, please. It is protected." },
  ],
};
