"""The command line `landcast`: one file a command. What a command does is done in the rooms below."""
