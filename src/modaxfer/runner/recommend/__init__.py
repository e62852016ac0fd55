"""Which encoder and which strategy: frozen features of all are judged, short runs decide between the best."""
