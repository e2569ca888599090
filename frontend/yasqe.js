import "@zazuko/yasqe/build/yasqe.min.css";
export { default } from "@zazuko/yasqe";
