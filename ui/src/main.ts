import { mount } from "svelte";
import Root from "./Root.svelte";
import { AppState } from "./app.svelte";
import { Failures } from "./failures";
import { choosePlatform } from "./platform";
import "./styles/tokens.css";
import "./styles/base.css";

const target = document.getElementById("app");
if (target === null) throw new Error("index.html has the element that the window is mounted on");

const platform = await choosePlatform();
// First of all: what fails from here on is told.
const failures = new Failures(platform);
failures.listen();
const app = new AppState(platform);
app.theme.start();
app.characterKeys.start();
mount(Root, { target, props: { app, failures } });
void app.start();
