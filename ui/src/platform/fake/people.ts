import type { People } from "../../wire/People";

const chatgpt = { id: "src-chatgpt", name: "ChatGPT" };
const claude = { id: "src-claude", name: "Claude" };

export const people: People = {
  people: [
    {
      author: "You",
      passages: 4102,
      conversations: 731,
      first_at: "2023-01-09T19:20:11Z",
      last_at: "2026-11-19T08:02:40Z",
      sources: [chatgpt, claude],
    },
    {
      author: "ChatGPT",
      passages: 3377,
      conversations: 604,
      first_at: "2023-01-09T19:20:31Z",
      last_at: "2026-11-14T21:48:07Z",
      sources: [chatgpt],
    },
    {
      author: "Claude",
      passages: 690,
      conversations: 127,
      first_at: "2024-03-01T10:00:12Z",
      last_at: "2026-11-19T08:03:15Z",
      sources: [claude],
    },
  ],
  more: false,
};
