"""What every source shares that is reached over HTTP: one client, its pace, its patience and its secrets."""
