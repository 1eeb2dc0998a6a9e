module consumer.modular {
  requires dev.lamina;
}
