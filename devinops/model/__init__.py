"""Keys, objects, changes, policy and inventory records. Standard library only."""
