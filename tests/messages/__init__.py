"""What releases of this project say to each other through the queues, frozen."""
