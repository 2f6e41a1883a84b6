import { bytes, number } from "../shared/format";
import type { ModelRole } from "../wire/ModelRole";
import { plural } from "./counting";

const kept = "Your choice could not be kept";

/** Models of a server that the person has chosen. */
export const modelsWords = {
  models: {
    title: "Models",
    for: "A model for",
    roles: { summaries: "Summaries", embeddings: "What passages mean", reranking: "The order of what is found" },
    about: {
      summaries:
        "Summaries are made of sentences of your own documents, word for word. What is built in chooses them. A model that you choose can do it instead: on this computer, or of a service that speaks OpenAI’s protocol. Summaries that are there stay as they are.",
      embeddings: "What is built in compares what passages and questions mean. A model that you choose can do it instead: it then reads all passages anew, when nothing else is to be done.",
      reranking: "A model that you choose can read the question with the first 50 passages that were found, and put these in order.",
    },
    none: "No server is chosen.",
    server: "Server",
    serverAbout: "Its address, as localhost:11434 or https://api.example/v1.",
    known: "Usual addresses",
    usual: [
      { name: "Ollama", address: "localhost:11434" },
      { name: "LM Studio", address: "localhost:1234" },
      { name: "llama.cpp", address: "localhost:8080" },
    ],
    save: "Save",
    use: "Use this server",
    clear: "Use no server",
    clearAbout: "Its key goes with it, unless it is chosen for something else.",
    here: "On this computer. Each call makes sure of that; what the server hands on is up to whoever runs it.",
    model: "Model",
    modelAbout: "As its server calls it.",
    noModel: "No model is chosen yet.",
    list: "List the models",
    listed: (n: number) => `${plural(n, "model", "models")} on this server.`,
    choose: "Choose a model",
    key: "Key",
    keyAbout: "Only if the server asks for one. It is not shown again, and is one for all that this server is chosen for.",
    /** The folder is that of its file, where it is in no keychain. */
    keyIn: (folder: string | null) =>
      `The key for all that this server is chosen for is kept in ${folder === null ? "the keychain of your system" : `a file that you alone may read, in ${folder}, because no keychain could keep it`}.`,
    keySave: "Keep the key",
    keyReplace: "Another key…",
    keyRemove: "Remove the key",
    agree: (role: ModelRole, host: string) => `Let ${role === "summaries" ? "" : "my questions and "}texts of my memories leave for ${host}`,
    sent: { summaries: "To make a summary, the passages that it is about", embeddings: "All passages, with who said them and on which day, and each question,", reranking: "With each question the first 50 passages" },
    agreeAbout: (sent: string, host: string) =>
      `${sent} are sent to ${host}. What becomes of them there is up to whoever runs it. Each call is listed under Privacy. Without this the model is not asked.`,
    open: "The way there is not encrypted: anybody on it can read what is sent, the key too.",
    test: "Test",
    testAbout: "Sends four sentences of ours, and nothing of yours.",
    untried: "It is used once it has passed.",
    asking: "Asking the server…",
    stop: "Stop",
    works: (seconds: string) => `It works: it answered in ${seconds} s.`,
    trouble: "The model is not asked at the moment",
    meanwhile: { summaries: "Meanwhile what is built in makes them.", embeddings: "Meanwhile new passages are found by their words alone.", reranking: "Meanwhile what is found keeps its order." },
    offline: "Oldgrowth is offline, so no model is asked.",
    unreadable: "What you chose can’t be read, so no model is asked. Choose anew.",
    limits: "Limits of a day",
    callsMax: "Calls",
    megabytesMax: "MB of texts",
    limitsAbout: "What may leave for all models together from midnight to midnight UTC. Passages take at most four fifths, so that you can ask.",
    limitsRange: (calls: number, megabytes: number) => `Whole numbers: at most ${number(calls)} calls and ${number(megabytes)} MB.`,
    today: (calls: number, sent: number) => `Today: ${plural(calls, "call", "calls")}, ${bytes(sent)} of texts.`,
    failed: {
      server: kept,
      model: "The models can’t be listed, or this one not be chosen",
      key: "The key could not be changed",
      consent: kept,
      trial: "It does not work",
      limits: kept,
    },
  },
} as const;
