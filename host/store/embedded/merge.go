package embedded

func (s *Store) merger() {
	defer s.done.Done()
	<-s.ctx.Done()
}
