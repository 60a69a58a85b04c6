"""What a killed process and a failing network leave behind, and that running again finishes the job."""
