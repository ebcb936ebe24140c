"""Work shared by capability: tiles that one worker reads and another renders, and queues that nobody serves."""
